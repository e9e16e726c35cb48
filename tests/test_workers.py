"""Workers on one machine: whole or ended, in time, and none left behind. TensorFlow is not needed."""

import json
import os
import time

import pytest

from cnnbook import workers

HELLO = """
import json, os
task = json.loads(os.environ["TF_CONFIG"])["task"]
print("worker", task["index"], os.environ["CUDA_VISIBLE_DEVICES"])
"""
FIRST_FAILS = """
import json, os, time
if json.loads(os.environ["TF_CONFIG"])["task"]["index"] == {failing}:
    raise SystemExit("the plug was pulled")
time.sleep(60)
"""
NEVER_ENDS = """
import os, pathlib, time
pathlib.Path(f"pid-{os.getpid()}").touch()
time.sleep(60)
"""


def script(folder, source):
    path = folder / "worker.py"
    path.write_text(source, encoding="utf-8")
    return path


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_each_worker_knows_which_it_is(tmp_path):
    assert workers.run(script(tmp_path, HELLO), 3) == [f"worker {i} -1\n" for i in range(3)]


def test_addresses_and_configurations():
    addresses = workers.free_addresses(4)
    assert len(set(addresses)) == 4 and all(a.startswith("127.0.0.1:") for a in addresses)
    configs = workers.tf_configs(addresses)
    assert [config["task"]["index"] for config in configs] == [0, 1, 2, 3]
    assert json.loads(json.dumps(configs[3]))["cluster"] == {"worker": addresses}


@pytest.mark.parametrize("failing", [0, 1])
def test_one_that_fails_ends_the_others_and_is_quoted(tmp_path, failing):
    begun = time.monotonic()
    with pytest.raises(RuntimeError, match=rf"worker {failing} ended with 1(.|\n)*plug was pulled"):
        workers.run(script(tmp_path, FIRST_FAILS.format(failing=failing)))
    assert time.monotonic() - begun < 30


@pytest.mark.skipif(os.name == "nt", reason="os.kill(pid, 0) would end the process there")
def test_time_is_limited_and_nothing_is_left(tmp_path):
    with pytest.raises(TimeoutError, match="in 4 seconds\n.*4초"):
        workers.run(script(tmp_path, NEVER_ENDS), seconds=4)
    pids = [int(path.name.partition("-")[2]) for path in tmp_path.glob("pid-*")]
    assert len(pids) == 2 and not any(alive(pid) for pid in pids)


def test_a_port_that_was_taken_is_tried_once_more(tmp_path):
    source = f"""
import pathlib
marker = pathlib.Path("tried")
if not marker.exists():
    marker.touch()
    raise SystemExit("{workers.TAKEN}")
print("second")
"""
    assert workers.run(script(tmp_path, source), 1) == ["second\n"]


def test_errors_say_what_was_wanted(tmp_path):
    with pytest.raises(ValueError, match="script: got .*nowhere.py, wanted a Python file"):
        workers.run(tmp_path / "nowhere.py")
    for count in (0, True, 1.5):
        with pytest.raises(ValueError, match="count: got .* wanted an integer"):
            workers.run(script(tmp_path, HELLO), count)
