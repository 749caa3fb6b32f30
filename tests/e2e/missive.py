"""The client as a user runs it."""

import os
import subprocess

from daemon import BUILD
from servers import PASSWORD

MISSIVE = os.path.abspath(os.path.join(BUILD, "missive"))
STARTED = []


def end_clients():
    """Those that a test has left: they would take what is sent to the next one."""
    while STARTED:
        process = STARTED.pop()
        process.kill()
        process.wait()


class Missive:
    def __init__(self, directory, server, jid, password=PASSWORD, ca_file=None):
        self.directory = str(directory)
        os.makedirs(self.directory, exist_ok=True)
        self.account = f"{self.directory}/account.conf"
        with open(self.account, "w") as f:
            f.write(f"jid = {jid}\npassword = {password}\nserver = 127.0.0.1:{server.c2s}\n"
                    f"ca-file = {ca_file or server.certificate}\n")
        os.chmod(self.account, 0o600)

    def start(self, *arguments, **how):
        STARTED.append(subprocess.Popen([MISSIVE, *arguments, "--account", self.account], cwd=self.directory,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **how))
        return STARTED[-1]

    def run(self, *arguments, code=0, seconds=60):
        process = self.start(*arguments)
        out, err = process.communicate(timeout=seconds)
        assert process.returncode == code, f"{arguments}: {process.returncode}\n{out}\n{err}"
        self.error = err
        return out

    def file(self, name, content):
        path = f"{self.directory}/{name}"
        with open(path, "wb") as f:
            f.write(content)
        return path

    def files(self):
        return sorted(name for name in os.listdir(self.directory) if name != "account.conf")
