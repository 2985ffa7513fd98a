"""Web servers on this machine that behave as a test wants, and feeds for them to serve."""

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

Talk = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def web_host(talk: Talk, *, certificate: Path | None = None) -> Iterator[str]:
    """Its address without a path; `talk` writes the answer to a GET. `certificate` holds a key too."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            try:
                talk(self)
            except OSError:
                self.close_connection = True  # the client had enough

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            pass  # a client that goes in the middle of something is what is tested

    server = Server(("127.0.0.1", 0), Handler)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"{'https' if certificate else 'http'}://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def say(handler: BaseHTTPRequestHandler, body: bytes | str = b"", status: int = 200, **headers: str) -> None:
    """Answer with this; `content_type` is the header Content-Type, and so on."""
    content = body.encode() if isinstance(body, str) else body
    handler.send_response(status)
    for name, value in {"content_length": str(len(content)), **headers}.items():
        handler.send_header(name.replace("_", "-").title(), value)
    handler.end_headers()
    handler.wfile.write(content)


def feed_of(start: int, count: int, name: str = "paper") -> str:
    """A feed of made-up entries that are numbered."""
    items = "".join(
        f"<entry><id>https://papers.example.org/{name}/{n}</id><title>The {name} that has the number {n}</title>"
        f'<link href="https://papers.example.org/{name}/{n}"/><updated>2026-11-20T08:00:00Z</updated>'
        f"<summary>What {name} number {n} has to say is said here in a sentence or two.</summary></entry>"
        for n in range(start, start + count)
    )
    return f'<feed xmlns="http://www.w3.org/2005/Atom"><title>{name}</title><id>urn:{name}</id>{items}</feed>'
