"""Run one script as several processes of this machine, as TensorFlow's workers of a cluster.

What a cluster's own launcher does: it gives every process its TF_CONFIG, and ends them all when one
of them fails or the time is over. Only 127.0.0.1 is used, so it works without any network.
"""

import collections
import json
import os
import pathlib
import runpy
import socket
import subprocess
import sys
import tempfile
import threading
import time

from cnnbook._errors import bad_value

PAUSE = 0.05  # seconds between two looks at the processes
TAKEN = "Could not start gRPC server"  # another program was faster to use the port
Ended = collections.namedtuple("Ended", "code output")


def free_addresses(count):
    """Return `count` different addresses "127.0.0.1:port" whose ports nobody listens on now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))  # 0: the system chooses
        return [f"127.0.0.1:{one.getsockname()[1]}" for one in sockets]
    finally:
        for one in sockets:
            one.close()


def tf_configs(addresses):
    """Return what each worker finds in TF_CONFIG: who there is, and which of them it is (dicts)."""
    cluster = {"worker": list(addresses)}
    return [
        {"cluster": cluster, "task": {"type": "worker", "index": i}} for i in range(len(addresses))
    ]


def run(script, count=2, *, seconds=180):
    """Run a Python file as `count` workers at once, in its own folder, and return what each printed.

    script: the file's path. seconds: the time limit; every worker also keeps it by itself, so that
    none is left behind if this process dies. A worker that has come to its end waits for the others,
    because a cluster whose members vanish reports an error. GPUs are hidden: one cannot be shared.
    Raises ValueError for a file or a count that cannot be used, RuntimeError with a worker's last
    lines where it fails, TimeoutError when the time is over. No process outlives the call.
    """
    script = pathlib.Path(script).resolve()
    if not script.is_file():
        raise bad_value("script", str(script), "a Python file that exists", "있는 파이썬 파일")
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise bad_value("count", count, "an integer of 1 or more", "1 이상의 정수")
    for attempt in (1, 2):
        ended = _run_once(script, count, seconds)
        failed = [i for i, one in enumerate(ended) if one.code not in (0, None)]
        if not failed:
            return [one.output for one in ended]
        told = ended[failed[0]].output
        if TAKEN not in told or attempt == 2:
            tail = "\n".join(told.splitlines()[-12:])
            raise RuntimeError(
                f"worker {failed[0]} ended with {ended[failed[0]].code}\n"
                f"작업자 {failed[0]}: 종료 코드 {ended[failed[0]].code}.\n{tail}"
            )


def _run_once(script, count, seconds):
    """Return one `Ended` a worker; its code is None where it was stopped because another failed."""
    deadline = time.monotonic() + seconds
    with tempfile.TemporaryDirectory(prefix="cnnbook-") as meeting:
        meeting = pathlib.Path(meeting)
        processes = []
        try:
            for i, config in enumerate(tf_configs(free_addresses(count))):
                processes.append(_start(script, config, meeting, seconds))
                processes[i].log = meeting / f"log-{i}"
            while None in (codes := [process.poll() for process in processes]):
                if any(codes):
                    time.sleep(1)  # the others may have something to say about it
                    break
                if not any(code is None for code in codes[1:]):
                    (meeting / "others-ended").touch()
                if time.monotonic() > deadline:
                    raise TimeoutError(
                        f"the workers were not done in {seconds} seconds\n"
                        f"작업자들이 {seconds}초 안에 끝나지 않았습니다."
                    )
                time.sleep(PAUSE)
            codes = [process.poll() for process in processes]
        finally:
            for process in processes:
                process.kill()  # does nothing to a process that has ended
                process.wait()
        return [
            Ended(code, process.log.read_text(encoding="utf-8", errors="replace"))
            for code, process in zip(codes, processes, strict=True)
        ]


def _start(script, config, meeting, seconds):
    environment = {
        **os.environ,
        "TF_CONFIG": json.dumps(config),
        "CUDA_VISIBLE_DEVICES": "-1",
        "PYTHONIOENCODING": "utf-8",
        # A school's proxy knows nothing of this machine's own addresses.
        "no_proxy": "127.0.0.1",
        "no_grpc_proxy": "127.0.0.1",
    }
    with open(meeting / f"log-{config['task']['index']}", "wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "cnnbook.workers", str(script), str(meeting), str(seconds)],
            env=environment,
            cwd=script.parent,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )


def _be_a_worker(script, meeting, seconds):
    """Run the script in this process, then wait until the others have come as far."""
    watch = threading.Timer(float(seconds), os._exit, (1,))
    watch.daemon = True
    watch.start()
    runpy.run_path(script, run_name="__main__")
    sys.stdout.flush()
    config = json.loads(os.environ["TF_CONFIG"])
    index, count = config["task"]["index"], len(config["cluster"]["worker"])
    meeting = pathlib.Path(meeting)
    (meeting / f"done-{index}").touch()
    while not all((meeting / f"done-{i}").exists() for i in range(count)):
        time.sleep(PAUSE)
    # The first worker keeps the cluster's list of members: it goes last.
    while index == 0 and not (meeting / "others-ended").exists():
        time.sleep(PAUSE)


if __name__ == "__main__":
    _be_a_worker(*sys.argv[1:])
