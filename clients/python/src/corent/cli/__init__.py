"""The command line `corent`: everything the API does, for people and shell scripts.

Exit statuses: 0 done; 1 the API refused, or a job failed; 2 the command line or an input file is wrong; 3 a
file could not be read or written; 4 the time to wait is over (the job goes on); 130 Ctrl-C.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from corent.cli.arguments import parsed
from corent.cli.terminal import Interrupted, NotUsableError, say_error
from corent.errors import CorentError, WaitTimeoutError

DONE = 0
REFUSED = 1
USAGE = 2
FILES = 3
TIME_OVER = 4
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status; what goes wrong is one line on stderr."""
    try:
        options = parsed(arguments)
        status: int = options.run(options)
        sys.stdout.flush()
        return status
    except Interrupted as stopped:
        say_error(str(stopped))
        return INTERRUPTED
    except KeyboardInterrupt:
        say_error("Interrupted.")
        return INTERRUPTED
    except NotUsableError as error:
        say_error(f"corent: {error}")
        return USAGE
    except WaitTimeoutError as error:
        say_error(f"corent: {error}")
        return TIME_OVER
    except CorentError as error:
        say_error(f"corent: {error}")
        return REFUSED
    except BrokenPipeError:
        # Whoever read our output has gone; Python would complain once more when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return REFUSED
    except OSError as error:
        say_error(f"corent: {error.strerror or error}{f': {error.filename}' if error.filename else ''}")
        return FILES
