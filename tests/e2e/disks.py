"""File systems of their own for stores: an ext4 in a file whose power can be cut, and a tmpfs that is soon full. As root."""

import os
import signal
import subprocess
from contextlib import contextmanager

from servers import wait_until


class Disks:
    def __init__(self, directory):
        assert os.geteuid() == 0, "mounts file systems: as root only"
        self.directory = str(directory)
        self.mounted = []

    def mount(self, name, *arguments):
        point = os.path.join(self.directory, name)
        os.makedirs(point, exist_ok=True)
        subprocess.run(["mount", *arguments, point], check=True, capture_output=True)
        self.mounted.append(point)
        return point

    def tmpfs(self, size, inodes=0):
        return self.mount("tmpfs", "-t", "tmpfs", "-o", f"size={size},nr_inodes={inodes}", "tmpfs")

    def ext4(self, size="256M"):
        """The journal commits for a sync only, never by the clock, so that nothing is on disk by chance."""
        image = self.image("disk")
        subprocess.run(["truncate", "-s", size, image], check=True)
        subprocess.run(["mkfs.ext4", "-q", "-F", "-N", "8192", "-E", "lazy_itable_init=0,lazy_journal_init=0", image], check=True)
        return self.mount("disk", "-t", "ext4", "-o", "loop,noatime,commit=3600", image)

    def image(self, name):
        return os.path.join(self.directory, name + ".image")

    @contextmanager
    def cut(self, process, acknowledged):
        """
        What a power cut would leave: (where it is mounted, what acknowledged() says). While the process stands still the image
        does not change, so that the copy is of one moment, and nothing is flushed for its sake, as freezing would do.
        """
        process.send_signal(signal.SIGSTOP)
        try:
            wait_until(lambda: stands_still(process.pid), "a process that stands still")
            subprocess.run(["cp", "--sparse=always", self.image("disk"), self.image("cut")], check=True)
            known = acknowledged()
        finally:
            process.send_signal(signal.SIGCONT)
        point = self.mount("cut", "-t", "ext4", "-o", "loop", self.image("cut"))
        try:
            yield point, known
        finally:
            self.unmount(point)
            os.unlink(self.image("cut"))

    def unmount(self, point):
        """Whoever still has a file open there does not keep it mounted."""
        if subprocess.run(["umount", point], capture_output=True).returncode:
            subprocess.run(["umount", "-l", point], check=True)
        self.mounted.remove(point)

    def close(self):
        for point in reversed(self.mounted[:]):
            self.unmount(point)


def stands_still(pid):
    """Every thread has stopped: none is in the middle of a system call."""
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/stat") as f:
            if f.read().rpartition(")")[2].split()[0] not in "Tt":
                return False
    return True
