"""Body of the stream-token endpoint."""

from corent.edge.bodies import Reply


class StreamTokenReply(Reply):
    """For `GET /v1/jobs/{id}/stream?token=`."""

    token: str
    expires_at: str
