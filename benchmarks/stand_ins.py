"""AWS and one upstream on loopback, answering at once: what is measured beside them is our own work.

Run as a process: prints its port and serves until it is ended.
"""

import asyncio
import base64
import json
import struct
import sys
import zlib

ACCOUNT = "acct_01KC0000000000000000000000"
KEY_ITEM = {
    "pk": {"S": "K#x"},
    "sk": {"S": "KEY"},
    "acct": {"S": ACCOUNT},
    "key_id": {"S": "key_01KC0000000000000000000000"},
    "mode": {"S": "live"},
    "scopes": {"S": "generate read billing"},
    "status": {"S": "active"},
    "label": {"S": "bench"},
    "key_prefix": {"S": "co_live_"},
    "key_last4": {"S": "abcd"},
    "created_at_ms": {"N": "1"},
    "tat_generate": {"N": "1"},
}
BALANCE_ITEM = {
    "available": {"N": "1000000"},
    "held": {"N": "0"},
    "credits": {"N": "1000000"},
    "debits": {"N": "0"},
    "captured": {"N": "0"},
    "open_jobs": {"N": "0"},
    "open_batches": {"N": "0"},
    "jobs": {"N": "1"},
    "ver": {"N": "1"},
    "status": {"S": "active"},
}


def png(side: int = 1024) -> bytes:
    """A PNG of the size an upstream sends, small enough that moving it costs little."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    rows = zlib.compress((b"\0" + bytes(side)) * side)
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


IMAGE_REPLY = json.dumps({"created": 1, "data": [{"b64_json": base64.b64encode(png()).decode()}]}).encode()


def answer(target: str, path: str, body: bytes, *, port: int) -> tuple[int, bytes]:
    """Status and body for one request, by its AWS target or its path."""
    operation = target.rpartition(".")[2]
    if path.endswith("/images/generations"):
        return 200, IMAGE_REPLY
    if operation == "UpdateItem":
        return 200, json.dumps({"Attributes": KEY_ITEM}).encode()
    if operation == "GetItem":
        return 200, json.dumps({"Item": BALANCE_ITEM} if b'"BAL"' in body else {}).encode()
    if operation == "GetSecretValue":
        name = json.loads(body)["SecretId"]
        if name != "corent/providers/openai":
            return 400, b'{"__type":"ResourceNotFoundException"}'
        secret = {"api_key": "k", "base_url": f"http://127.0.0.1:{port}/v1"}
        return 200, json.dumps({"Name": name, "SecretString": json.dumps(secret)}).encode()
    return 200, b"{}"


async def serve() -> None:
    """Serve HTTP/1.1 on kept-alive connections by hand: a framework would cost more than all else."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        port = writer.get_extra_info("sockname")[1]
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                lines = head.split("\r\n")
                headers = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                target = next(
                    (line.split(": ", 1)[1] for line in lines if line.lower().startswith("x-amz-target")), ""
                )
                status, reply = answer(target, lines[0].split(" ")[1], body, port=port)
                writer.write(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n" % (status, len(reply)) + reply)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve())
