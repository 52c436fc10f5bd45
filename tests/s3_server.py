"""An S3-compatible store for tests: moto's server on a port of this machine."""

from dataclasses import dataclass
from types import TracebackType
from typing import Any
from uuid import uuid4

import boto3
from botocore.config import Config
from moto.server import ThreadedMotoServer


@dataclass
class Bucket:
    name: str
    client: Any

    def put(self, key: str, body: bytes) -> None:
        self.client.put_object(Bucket=self.name, Key=key, Body=body)

    def keys(self) -> list[str]:
        return [one["Key"] for one in self.client.list_objects_v2(Bucket=self.name).get("Contents", [])]


class S3Server:
    def __enter__(self) -> "S3Server":
        self._server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
        self._server.start()
        host, port = self._server.get_host_and_port()
        self.url = f"http://{host}:{port}"
        self.client = boto3.client(
            "s3",
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id="AKIDEXAMPLE",
            aws_secret_access_key="a-very-secret-key",
            config=Config(s3={"addressing_style": "path"}, proxies={}),
        )
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        self.client.close()
        self._server.stop()

    def bucket(self) -> Bucket:
        name = f"box-{uuid4().hex[:12]}"
        self.client.create_bucket(Bucket=name)
        return Bucket(name, self.client)
