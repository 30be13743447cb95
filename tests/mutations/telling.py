"""One try to tell: commands, URLs and signals, and what they leave behind."""

from tests.mutations.mutation import Mutation

PROCESS = "agent/process.py"
LINES = "agent/notify/lines.py"
EXEC = "agent/notify/exec.py"
HTTP = "agent/notify/http.py"
SIGNAL = "agent/notify/signal.py"
PROCESSES = "agent/notify/processes.py"
ATTEMPTS = "agent/notify/attempts.py"
WAITS = "agent/exchange/waits.py"
CONNECTING = "agent/exchange/connecting.py"
SECURING = "agent/exchange/securing.py"
CONVERSATION = "agent/exchange/conversation.py"
BACKGROUND = "agent/background.py"

ENDS = "a command ends when it has to, with its group, and holds nobody up"
OWN = "no exit code is lost, and no signal goes astray"
BOUNDED = "no output costs memory"
TRUE = "only what was told counts as told"
GIVEN = "a command gets the news, and nothing that is old"
IN_TIME = "an exchange ends when it has to, whatever comes"
UNTOLD = "no secret of a URL or header is told"
WHOM = "a signal goes to whom it is meant for, never to the agent or its children"


def _mutation(name: str, rule: str, file: str, old: str, new: str) -> Mutation:
    tests = {
        PROCESS: "tests/test_process.py",
        LINES: "tests/notify/test_lines.py",
        EXEC: "tests/notify/test_exec.py",
        HTTP: "tests/notify/test_http.py",
        SIGNAL: "tests/notify/test_signal.py",
        PROCESSES: "tests/notify/test_signal.py",
        ATTEMPTS: "tests/notify/test_attempts.py",
        WAITS: "tests/exchange/test_exchange.py",
        CONNECTING: "tests/exchange",
        SECURING: "tests/exchange/test_tls.py",
        CONVERSATION: "tests/exchange/test_exchange.py",
        BACKGROUND: "tests/test_background.py",
    }
    return Mutation(name, rule, file, old, new, tests[file])


MUTATIONS = (
    _mutation(
        "a hook that hangs is only asked to end",
        ENDS,
        PROCESS,
        "        self._signal(signal.SIGKILL)\n",
        "",
    ),
    _mutation(
        "a hook that hangs has no time to clean up",
        ENDS,
        EXEC,
        "process.end(self._around.clock, _GRACE)",
        "process.end(self._around.clock)",
    ),
    _mutation(
        "the rest of a hook is killed as soon as the hook has ended",
        ENDS,
        PROCESS,
        "self._has_grace and self._is_somebody_left() and",
        "self._has_grace and self._process.poll() is None and",
    ),
    _mutation(
        "who awaits a hook kills the rest of it as soon as the hook has ended",
        ENDS,
        PROCESS,
        "while self._has_grace and",
        "while self._process.returncode is None and",
    ),
    _mutation(
        "the first process waits for zombies that it should take leave of",
        ENDS,
        PROCESS,
        "            _has_children(self.pid)\n",
        "            pass\n",
    ),
    _mutation(
        "a hook is killed without a word",
        ENDS,
        PROCESS,
        "            self._signal(signal.SIGTERM)\n",
        "",
    ),
    _mutation(
        "only the hook is killed, not what it started",
        ENDS,
        PROCESS,
        "os.killpg(self.pid, number)",
        "os.kill(self.pid, number)",
    ),
    _mutation(
        "a daemon that holds the output holds the try up",
        ENDS,
        PROCESS,
        "while code is None and (left := end - clock()) > 0:",
        "while (code is None or self._stdout) and (left := end - clock()) > 0:",
    ),
    _mutation(
        "a hook that does not read is waited for while it is written to",
        ENDS,
        PROCESS,
        "os.set_blocking(pipe.fileno(), False)",
        "os.set_blocking(pipe.fileno(), pipe is self._stdin)",
    ),
    _mutation(
        "a hook that closes its stdin has failed",
        TRUE,
        PROCESS,
        "except OSError:  # it reads no more",
        "except TimeoutError:",
    ),
    _mutation(
        "a hook's stdin is never closed",
        ENDS,
        PROCESS,
        "        if not self._unwritten:\n            self._stdin.close()\n",
        "        if not self._unwritten:\n",
    ),
    _mutation(
        "what a hook says last is not read",
        TRUE,
        PROCESS,
        "            if said := self._read():\n",
        "            if code is None and (said := self._read()):\n",
    ),
    _mutation(
        "a hook is no longer ended with the agent",
        ENDS,
        EXEC,
        "lambda: self._await(process, end), process.kill, self._around",
        "lambda: self._await(process, end), lambda: None, self._around",
    ),
    _mutation(
        "a hook has as much time as ever when the agent ends",
        ENDS,
        EXEC,
        "end), process.kill, self._around",
        "end), lambda: process.kill(_GRACE), self._around",
    ),
    _mutation(
        "exit codes that somebody awaits are taken",
        OWN,
        PROCESS,
        "                return  # there may be more behind it, which the next turn sees\n",
        "                pass\n",
    ),
    _mutation(
        "nobody takes leave of orphans",
        OWN,
        PROCESS,
        "            os.waitpid(ended.si_pid, os.WNOHANG)\n",
        "            return\n",
    ),
    _mutation(
        "a process that was taken leave of is still awaited",
        OWN,
        PROCESS,
        "        _awaited.discard(self)\n",
        "        pass\n",
    ),
    _mutation(
        "a number that was used again is signalled",
        OWN,
        PROCESS,
        "            if self._is_over:\n                return False\n",
        "            if False:\n                return False\n",
    ),
    _mutation(
        "a thread in the background gets signals",
        OWN,
        BACKGROUND,
        "signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())",
        "signal.pthread_sigmask(signal.SIG_BLOCK, [])",
    ),
    _mutation(
        "the main thread gets no signals any more",
        OWN,
        BACKGROUND,
        "signal.pthread_sigmask(signal.SIG_SETMASK, before)",
        "signal.pthread_sigmask(signal.SIG_BLOCK, before)",
    ),
    _mutation(
        "a line without end is kept whole",
        BOUNDED,
        LINES,
        "self._begun = (self._begun + said[start : start + _LONGEST])[:_LONGEST]",
        "self._begun = self._begun + said[start:]",
    ),
    _mutation(
        "all lines are told",
        BOUNDED,
        LINES,
        "while self._lines < MOST_LINES and (end",
        "while (end",
    ),
    _mutation(
        "what is left out is not told",
        BOUNDED,
        LINES,
        "        if self._left_out:\n",
        "        if False:\n",
    ),
    _mutation(
        "the last line is lost without an end of line",
        TRUE,
        LINES,
        "        if self._begun:\n",
        "        if False:\n",
    ),
    _mutation(
        "a command's whole output is kept for its last words",
        BOUNDED,
        PROCESS,
        "self.last = (self.last + said)[-_KEPT:]",
        "self.last = self.last + said",
    ),
    _mutation(
        "any exit code is a success",
        TRUE,
        EXEC,
        "return Lost(reason) if reason else Arrived()",
        "return Arrived()",
    ),
    _mutation(
        "what an outer hook was told goes on to an inner one",
        GIVEN,
        EXEC,
        "if name not in VARIABLES  # of a hook",
        "if name  # of a hook",
    ),
    _mutation(
        "a hook has the news only on its stdin",
        GIVEN,
        EXEC,
        "{**inherited, **variables(news)}",
        "inherited",
    ),
    _mutation(
        "a hook reads JSON whatever it wants",
        GIVEN,
        EXEC,
        "stdin_of(news, self._stdin)",
        'stdin_of(news, "json")',
    ),
    _mutation(
        "the loop is not woken when a try has ended",
        TRUE,
        ATTEMPTS,
        '            self._outcome = Lost(f"failed by a mistake in Rollcall: {wrong!r}")\n'
        "        self._around.wake()",
        '            self._outcome = Lost(f"failed by a mistake in Rollcall: {wrong!r}")',
    ),
    _mutation(
        "a mistake in a try leaves the loop waiting for ever",
        TRUE,
        ATTEMPTS,
        "except Exception as wrong:",
        "except KeyboardInterrupt as wrong:",
    ),
    _mutation(
        "without a thread a hook runs on unheard",
        TRUE,
        ATTEMPTS,
        "        stop()\n        with contextlib",
        "        work = stop = lambda: None\n        with contextlib",
    ),
    _mutation(
        "without a thread a hook's pipes stay open",
        ENDS,
        ATTEMPTS,
        "            work()\n",
        "            pass\n",
    ),
    _mutation(
        "without a thread a mistake in a try ends the agent",
        ENDS,
        ATTEMPTS,
        "        with contextlib.suppress(Exception):  # the outcome",
        "        with contextlib.suppress(OSError):  # the outcome",
    ),
    _mutation(
        "a redirect counts as told",
        TRUE,
        HTTP,
        "200 <= reply.status < 300:",
        "200 <= reply.status < 400:",
    ),
    _mutation(
        "an answer of 500 counts as told",
        TRUE,
        HTTP,
        "if 200 <= reply.status < 300:",
        "if 200 <= reply.status:",
    ),
    _mutation(
        "a redirect is told whole",
        UNTOLD,
        HTTP,
        '    return f"to {there.scheme}://{host}" if host',
        '    return f"to {location}" if host',
    ),
    _mutation(
        "the user of a redirect is told",
        UNTOLD,
        HTTP,
        'host = there.netloc.rpartition("@")[2]',
        "host = there.netloc",
    ),
    _mutation(
        "an answer may repeat the URL",
        UNTOLD,
        HTTP,
        'secrets = {path, query, f"{path}?{query}", *headers}',
        "secrets = {*headers}",
    ),
    _mutation(
        "an answer may repeat a word of the URL",
        UNTOLD,
        HTTP,
        "    secrets |= {word for word in words if len(word) >= _SHORTEST_SECRET}\n",
        "",
    ),
    _mutation(
        "an answer may repeat the URL in other letters",
        UNTOLD,
        HTTP,
        "for way in (unquote, unquote_plus)}",
        "for way in ()}",
    ),
    _mutation(
        "an answer may repeat the URL in HTML",
        UNTOLD,
        HTTP,
        "    secrets |= {escape(secret) for secret in secrets}\n",
        "",
    ),
    _mutation(
        "a header's value is in the sentence that refuses it",
        UNTOLD,
        CONVERSATION,
        "            if not _VALUE.fullmatch(value):",
        "            if not value.isascii():",
    ),
    _mutation(
        "a header that breaks each request is let through",
        TRUE,
        CONVERSATION,
        "            if name.lower() in _OWN:\n",
        '            if name in _OWN - {"content-length"}:\n',
    ),
    _mutation(
        "an exchange goes on when the agent ends",
        IN_TIME,
        HTTP,
        "work, stopping.close, self._around",
        "work, lambda: None, self._around",
    ),
    _mutation(
        "the deadline is looked at only while nothing comes",
        IN_TIME,
        WAITS,
        "seconds = min(self.left(), max(",
        "seconds = min(self.left() if events else 0.0, max(",
    ),
    _mutation(
        "a long timeout is more than a system call takes",
        IN_TIME,
        WAITS,
        "_LONGEST = 3600.0",
        "_LONGEST = math.inf",
    ),
    _mutation(
        "a long wait ends with its first system call",
        IN_TIME,
        WAITS,
        "            if came or self._clock() >= end:\n",
        "            if True:\n",
    ),
    _mutation(
        "an exchange without a thread leaves a socket open",
        IN_TIME,
        CONNECTING,
        "            theirs.close()\n",
        "            globals()[theirs] = theirs\n",
    ),
    _mutation(
        "an exchange can't be stopped",
        IN_TIME,
        WAITS,
        "        if self._stop in came:\n",
        "        if False:\n",
    ),
    _mutation(
        "the first address has all the time",
        IN_TIME,
        CONNECTING,
        "share = waits.left() / (len(addresses) - number)",
        "share = waits.left() + number",
    ),
    _mutation(
        "only one address is tried",
        IN_TIME,
        CONNECTING,
        "for number, (family, kind, protocol, _, address) in enumerate(addresses):",
        "for number, (family, kind, protocol, _, address) in enumerate(addresses[:1]):",
    ),
    _mutation(
        "the resolver has all the time that it wants",
        IN_TIME,
        CONNECTING,
        'in_background(look_up, "look-up")  #',
        "look_up()  #",
    ),
    _mutation(
        "a body without end is read to its end",
        IN_TIME,
        CONVERSATION,
        "while len(body) <= self._keeps:",
        "while True:",
    ),
    _mutation(
        "a head without end is read to its end",
        IN_TIME,
        CONVERSATION,
        "h11.Connection(h11.CLIENT, max_incomplete_event_size=LARGEST_HEAD)",
        "h11.Connection(h11.CLIENT, max_incomplete_event_size=2**30)",
    ),
    _mutation(
        "who answers before all is sent is not heard",
        IN_TIME,
        CONVERSATION,
        '        except OSError:\n            self._unsent = memoryview(b"")\n',
        '        except TimeoutError:\n            self._unsent = memoryview(b"")\n',
    ),
    _mutation(
        "a connection that breaks is the end of an answer",
        TRUE,
        CONVERSATION,
        "            except OSError as wrong:\n                raise ExchangeError(\n",
        '            except OSError as wrong:\n                return b""\n'
        "                raise ExchangeError(\n",
    ),
    _mutation(
        "any certificate is accepted",
        TRUE,
        SECURING,
        "    context = ssl.create_default_context()\n",
        "    context = ssl._create_unverified_context()\n",
    ),
    _mutation(
        "the agent signals itself and its children",
        WHOM,
        SIGNAL,
        "if pid not in own and seen.is_called(name)}",
        "if seen.is_called(name)}",
    ),
    _mutation(
        "a pidfile may mean the agent",
        WHOM,
        SIGNAL,
        "    elif pid in _own(table):\n",
        "    elif pid in ():\n",
    ),
    _mutation(
        "a pidfile may mean the process that keeps the pod alive",
        WHOM,
        SIGNAL,
        "pid == 1 and seen.name == _PAUSE",
        "pid == 0 and seen.name == _PAUSE",
    ),
    _mutation(
        "workers get the signal too",
        WHOM,
        SIGNAL,
        "for seen in named.values() if seen.parent not in named]",
        "for seen in named.values()]",
    ),
    _mutation(
        "of several processes only one gets the signal",
        WHOM,
        SIGNAL,
        "failed = [why for seen in found if",
        "failed = [why for seen in found[:1] if",
    ),
    _mutation(
        "a signal that could not be sent was told",
        TRUE,
        SIGNAL,
        'ended(Lost(f"failed: {failed[0]}") if failed else Arrived(), self._around)',
        "ended(Arrived(), self._around)",
    ),
    _mutation(
        "a process that has ended still counts",
        WHOM,
        PROCESSES,
        '    if state in "ZX":\n',
        '    if state in "X":\n',
    ),
    _mutation(
        "a process is found only by the kernel's name of it",
        WHOM,
        PROCESSES,
        "return self.program == name or (",
        "return (",
    ),
    _mutation(
        "a long name is never found",
        WHOM,
        PROCESSES,
        "self.name == name[:_LONGEST_NAME]",
        "self.name == name",
    ),
    _mutation(
        "two names that the kernel cuts to the same are one",
        WHOM,
        PROCESSES,
        "        if len(name) <= _LONGEST_NAME:\n",
        "        if True:\n",
    ),
    _mutation(
        "a program that says what it does has another name",
        WHOM,
        PROCESSES,
        'word.rstrip(b":")',
        "word",
    ),
    _mutation(
        "where nothing is shared that is not said",
        WHOM,
        SIGNAL,
        "kin = {*own, *_upwards(os.getpid(), table)}",
        "kin = own",
    ),
)
