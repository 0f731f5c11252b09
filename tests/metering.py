"""What a function writes and reads, in the units AWS bills: request units of DynamoDB, objects of S3."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from corent.adapters import aws

WRITE_UNIT_BYTES = 1024
READ_UNIT_BYTES = 4096

type Item = dict[str, Any]


def attribute_bytes(name: str, value: dict[str, str]) -> int:
    """DynamoDB's published size of an attribute: UTF-8 bytes; a number takes half a byte a digit and one."""
    if "S" in value:
        return len(name.encode()) + len(value["S"].encode())
    digits = value["N"].lstrip("-0").rstrip("0")
    return len(name.encode()) + -(-len(digits) // 2) + 1


def units(*items: Item | None, unit_bytes: int) -> int:
    """Started units of the largest of them; nothing at all is still one."""
    sizes = [
        sum(attribute_bytes(*attribute) for attribute in item.items()) for item in items if item is not None
    ]
    return max(1, -(-max(sizes, default=0) // unit_bytes))


@dataclass(frozen=True, slots=True)
class Change:
    """One item of a table, before and after a write."""

    table: str
    old: Item | None
    new: Item | None


@dataclass
class Meter:
    """Adds up the units of what passes, from the items before and after. `changes` has an entry a write."""

    client: Any
    write_units: int = 0
    read_units: float = 0.0
    largest_job_kilobytes: int = 0
    objects: list[str] = field(default_factory=list)
    changes: list[list[Change]] = field(default_factory=list)
    indexes: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def reset(self) -> None:
        """Count from nothing."""
        self.write_units, self.read_units = 0, 0.0
        self.objects.clear()
        self.changes.clear()

    def around(self, operation: str, parameters: dict[str, Any], call: Callable[[], Any]) -> Any:
        match operation:
            case "UpdateItem" | "PutItem":
                return self._written([parameters], call, factor=1)
            case "TransactWriteItems":
                writes = [next(iter(action.values())) for action in parameters["TransactItems"]]
                return self._written(writes, call, factor=2)
            case "GetItem":
                self._read(parameters, consistent=parameters.get("ConsistentRead", False))
            case "BatchGetItem":
                for table, wanted in parameters["RequestItems"].items():
                    for key in wanted["Keys"]:
                        self._read({"TableName": table, "Key": key}, consistent=wanted["ConsistentRead"])
            case "Query" | "DeleteItem":
                raise AssertionError(f"nothing here knows the units of {operation}")
        return call()

    def _written(self, writes: list[dict[str, Any]], call: Callable[[], Any], *, factor: int) -> Any:
        before = [self._item(write) for write in writes]
        answer = call()
        changes = [
            Change(write["TableName"], old, self._item(write))
            for write, old in zip(writes, before, strict=True)
        ]
        self.changes.append(changes)
        for change in changes:
            self._count(change, factor=factor)
        return answer

    def _read(self, request: dict[str, Any], *, consistent: bool) -> None:
        read = units(self._item(request), unit_bytes=READ_UNIT_BYTES)
        self.read_units += read if consistent else read / 2

    def _item(self, request: dict[str, Any]) -> Item | None:
        source = request.get("Key") or request["Item"]
        item: Item | None = self.client.get_item(
            TableName=request["TableName"], Key={name: source[name] for name in ("pk", "sk")}
        ).get("Item")
        return item

    def _count(self, change: Change, *, factor: int) -> None:
        self.write_units += factor * units(change.old, change.new, unit_bytes=WRITE_UNIT_BYTES)
        if change.table == "jobs":
            kilobytes = units(change.new, unit_bytes=WRITE_UNIT_BYTES)
            self.largest_job_kilobytes = max(self.largest_job_kilobytes, kilobytes)
        for index in self._indexes(change.table):
            entries = [self._entry(index, item) for item in (change.old, change.new)]
            if entries[0] != entries[1]:
                self.write_units += sum(
                    units(entry, unit_bytes=WRITE_UNIT_BYTES) for entry in entries if entry is not None
                )

    def _indexes(self, table: str) -> list[dict[str, Any]]:
        if table not in self.indexes:
            described = self.client.describe_table(TableName=table)["Table"]
            self.indexes[table] = described.get("GlobalSecondaryIndexes", [])
        return self.indexes[table]

    def _entry(self, index: dict[str, Any], item: Item | None) -> Item | None:
        """What the index holds of the item; None when it lacks a key of the index."""
        keys = {key["AttributeName"] for key in index["KeySchema"]}
        if item is None or not keys <= set(item):
            return None
        projection = index["Projection"]
        shown = keys | {"pk", "sk"} | set(projection.get("NonKeyAttributes", []))
        everything = projection["ProjectionType"] == "ALL"
        return {name: value for name, value in item.items() if everything or name in shown}


def metered(client: Any, patch: pytest.MonkeyPatch) -> Meter:
    """A meter through which every call and every write of ours passes, as long as the patch lasts."""
    made = Meter(client=client)
    call, put = aws._JsonService.call, aws.S3.put_object

    def around(self: Any, operation: str, parameters: dict[str, Any]) -> Any:
        return made.around(operation, parameters, lambda: call(self, operation, parameters))

    def counted(self: Any, **parameters: Any) -> None:
        made.objects.append(parameters["Key"])
        put(self, **parameters)

    patch.setattr(aws._JsonService, "call", around)
    patch.setattr(aws.S3, "put_object", counted)
    return made
