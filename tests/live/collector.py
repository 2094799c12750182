"""An OpenTelemetry collector: takes OTLP over gRPC and over HTTP/protobuf, and keeps what it got."""

from __future__ import annotations

import gzip
import threading
from concurrent import futures
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from opentelemetry.proto.trace.v1 import trace_pb2

Request = trace_service_pb2.ExportTraceServiceRequest
Response = trace_service_pb2.ExportTraceServiceResponse


class Collector:
    """Both receivers, on free ports."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.headers: list[dict[str, str]] = []
        self._lock = threading.Lock()
        collector = self

        class OverHttp(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                right = self.path == "/v1/traces" and self.headers["Content-Type"] == "application/x-protobuf"
                if right:
                    collector.take(Request.FromString(body), dict(self.headers))
                answer = Response().SerializeToString()
                self.send_response(200 if right else 400)
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                pass

        class OverGrpc(trace_service_pb2_grpc.TraceServiceServicer):
            def Export(  # noqa: N802 - the name of the service definition
                self, request: Request, context: grpc.ServicerContext
            ) -> Response:
                collector.take(request, {key: str(text) for key, text in context.invocation_metadata()})
                return Response()

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), OverHttp)
        self._thread = threading.Thread(target=self._http.serve_forever)
        self._pool = futures.ThreadPoolExecutor(4)
        self._grpc = grpc.server(self._pool)
        trace_service_pb2_grpc.add_TraceServiceServicer_to_server(OverGrpc(), self._grpc)
        self.grpc_port = self._grpc.add_insecure_port("127.0.0.1:0")
        self.http_port = int(self._http.server_address[1])

    def take(self, request: Request, headers: dict[str, str]) -> None:
        with self._lock:
            self.requests.append(request)
            self.headers.append(headers)

    def __enter__(self) -> Collector:
        self._thread.start()
        self._grpc.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._grpc.stop(None).wait()
        self._pool.shutdown()
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def groups(self) -> list[trace_pb2.ResourceSpans]:
        """What came, by resource."""
        return [group for request in self.requests for group in request.resource_spans]

    def spans(self) -> list[trace_pb2.Span]:
        """Every span that came."""
        return [span for group in self.groups() for scope in group.scope_spans for span in scope.spans]
