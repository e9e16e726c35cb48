"""The browser that the tools print and measure with, and a server of pages for it."""

import contextlib
import functools
import gzip
import http.server
import os
import pathlib
import shutil
import threading

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHANNELS = ("chrome", "msedge")  # where an installer has put them, on Windows and macOS


@contextlib.contextmanager
def started(*arguments):
    """Start Chromium, Chrome or Edge, with arguments of its own. Raises RuntimeError where there is none."""
    from playwright.sync_api import Error, sync_playwright

    named = os.environ.get("CNNBOOK_BROWSER")
    found = next(filter(None, map(shutil.which, [named] if named else NAMES)), None)
    ways = [{"executable_path": found}] if found else [{"channel": name} for name in CHANNELS]
    sandbox = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        for way in [] if named and not found else ways:
            with contextlib.suppress(Error):
                browser = playwright.chromium.launch(**way, args=[*sandbox, *arguments])
                break
        else:
            raise RuntimeError(
                "No browser was found: install Chromium, Chrome or Edge, or name one "
                "with CNNBOOK_BROWSER.\n"
                "브라우저를 찾지 못했습니다. Chromium, Chrome, Edge 가운데 하나를 설치하거나 "
                "환경 변수 CNNBOOK_BROWSER에 그 경로를 지정합니다."
            )
        try:
            yield browser
        finally:
            browser.close()


class _Host(http.server.SimpleHTTPRequestHandler):
    """Sends text compressed, as hosts of pages do (GitHub's among them)."""

    def do_GET(self):
        path = pathlib.Path(self.translate_path(self.path))
        if path.suffix not in (".html", ".css", ".js", ".svg", ".json") or not path.is_file():
            return super().do_GET()
        content = gzip.compress(path.read_bytes())
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(str(path)))
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def handle(self):
        with contextlib.suppress(ConnectionError):  # a visitor who leaves early
            super().handle()

    def log_message(self, *arguments):
        pass


@contextlib.contextmanager
def serving(folder):
    """Serve a folder on this machine; give its address, without a slash at the end."""
    handler = functools.partial(_Host, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
