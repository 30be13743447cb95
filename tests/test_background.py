import signal
import threading

from agent.background import in_background

SOON = 10.0


def test_a_thread_in_the_background_gets_no_signal_and_keeps_nothing_from_ending() -> None:
    masks: list[set[int]] = []
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    thread = in_background(
        lambda: masks.append({*signal.pthread_sigmask(signal.SIG_BLOCK, [])}), "looks"
    )
    thread.join(SOON)
    assert thread.daemon
    assert thread.name == "looks"
    assert masks[0] >= {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD}
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == before
    assert signal.SIGTERM not in before
    assert thread not in threading.enumerate()
