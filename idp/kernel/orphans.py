"""A child process must not outlive the server that started it: an orphan would go on answering on the port."""

from __future__ import annotations

import os
import signal
import threading
import time

LOOK_EVERY_SECONDS = 0.5


def end_with_parent() -> None:
    """End this process, as by SIGTERM, once its parent is gone (killed, or out of memory)."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(LOOK_EVERY_SECONDS)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(10)
        os._exit(1)

    threading.Thread(target=watch, name="watch-parent", daemon=True).start()
