"""Explain a job of the running stack with names, and decide its route once more (`make explain JOB=…`)."""

import json
import sys

from local.invoking import invoke
from local.place import StackError, from_environment


def main() -> None:
    """Print the explanation; ends with status 1 when the route does not replay byte for byte."""
    try:
        report = invoke(from_environment(), "OperatorExplainFunctionName", {"job_id": sys.argv[1]})
    except StackError as error:
        sys.exit(str(error))
    sys.stdout.write(json.dumps(report, indent=2) + "\n")
    sys.stdout.write("Replays byte for byte.\n" if report["same"] else "DOES NOT REPLAY.\n")
    if not report["same"]:
        sys.exit(1)


if __name__ == "__main__":
    main()
