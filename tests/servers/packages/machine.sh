#!/usr/bin/env bash
# A machine to install packages on, with systemd as its first process: an overlay over this one, so
# that what is written to it goes with it, and the Debian packages that tests/install.sh unpacked for
# it are there. Its processes and its control groups are its own; the network is this machine's.
#
#   machine.sh TOOLS     boots it, and goes on until it is ended; needs to be root
set -euo pipefail

tools=$1
if [ "${2:-}" != inside ]; then
    # Its control groups lie below ours, and not at the top, where systemd would take all processes.
    groups=$(findmnt -n -t cgroup2 -o TARGET | head -n 1)
    groups=$groups$(sed -n 's/^0:://p' /proc/self/cgroup)
    # What is left of machines that ended; of those that run nothing can be removed.
    find "$groups" -path "*/s3-exporter-machine-*" -depth -type d -exec rmdir {} + 2>/dev/null || true
    own=$groups/s3-exporter-machine-$$
    mkdir "$own"
    echo $$ >"$own/cgroup.procs"
    exec unshare --mount --pid --fork --kill-child --uts --ipc --cgroup --propagation private \
        bash "$0" "$tools" inside
fi

root=$(mktemp -d)
mount -t tmpfs tmpfs "$root"
mkdir "$root"/{upper,work,machine}
mount -t overlay overlay -o "lowerdir=/,upperdir=$root/upper,workdir=$root/work" "$root/machine"
cd "$root/machine"
tar -C "$tools/machine" -c . | tar -x --keep-directory-symlink
systemd-id128 new >etc/machine-id
rm -f usr/sbin/policy-rc.d # by which images of containers keep packages from starting services
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,ro,bind proc/sys # part of it is this machine's
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
mount -t tmpfs -o mode=755 tmpfs dev
for device in null zero full random urandom tty; do
    touch "dev/$device"
    mount --bind "/dev/$device" "dev/$device"
done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
# Not chroot: within one nobody may make a user namespace (PrivateUsers= of a unit). Credentials come
# to a unit by mounts that are shared, which systemd leaves to who starts it in a container.
mkdir .before
pivot_root . .before
exec env -i container=lxc PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
    /bin/sh -c 'umount -l /.before && rmdir /.before && mount --make-rshared / && exec /lib/systemd/systemd --system --unit=basic.target'
