"""A program in a terminal, as its user sees it and types into it."""

import os
import re
import shlex
import signal
import subprocess

from servers import wait_until

COLUMNS, LINES = 200, 50


def runs(pid):
    """It is not our child: whoever it was left to may be slow to take note of its end."""
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


class Terminal:
    """A tmux of its own, with one window; it reads no settings of whoever runs the tests."""

    def __init__(self, directory, command, environment):
        self.directory = str(directory)
        self.environment = {"PATH": os.environ["PATH"], "TERM": "xterm-256color", "SHELL": "/bin/sh", "LC_ALL": "C.UTF-8",
                            **environment}
        settings = f"{self.directory}/tmux.conf"
        with open(settings, "w") as f:
            f.write("set -g remain-on-exit on\nset -g status off\nset -s escape-time 0\n")
        self.tmux("-f", settings, "new-session", "-d", "-x", str(COLUMNS), "-y", str(LINES), f"exec {shlex.join(command)}")
        self.pid, self.server = (int(x) for x in self.tmux("display-message", "-p", "#{pane_pid} #{pid}").split())

    def tmux(self, *arguments):
        return subprocess.run(["tmux", "-S", f"{self.directory}/tmux", *arguments], check=True, timeout=20, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=self.environment).stdout

    def type(self, text, enter=True):
        self.tmux("send-keys", "-l", "--", text)
        if enter:
            self.press("Enter")

    def press(self, *keys):
        """By the names that tmux has for them."""
        self.tmux("send-keys", *keys)

    def screen(self, *how):
        return self.tmux("capture-pane", "-p", *how)

    def wait_for(self, pattern, seconds=20, coloured=False):
        """The match, as soon as the screen shows one; coloured: with the escape sequences of what is shown in another way."""
        how = ["-e"] if coloured else []
        try:
            return wait_until(lambda: re.search(pattern, self.screen(*how), re.M), pattern, seconds, every=0.1)
        except AssertionError:
            raise AssertionError(f"no {pattern!r} on the screen:\n{self.screen()}") from None

    def close(self):
        """Ends what it started, and returns when it has ended. Nobody waits for a client that takes its leave of a server."""
        if runs(self.pid):
            os.kill(self.pid, signal.SIGKILL)
        self.tmux("kill-server")
        wait_until(lambda: not runs(self.pid) and not runs(self.server), "the terminal ends")
