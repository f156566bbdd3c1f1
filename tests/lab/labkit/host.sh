# What scenarios' l1.sh may use; read before it in the virtual host.
#
# SPDX-License-Identifier: GPL-2.0-or-later

# The two programs that comparisons run; the second is empty without a peer.
OURS=/vmm
PEER=
[ ! -e /peer ] || PEER="/peer/lib/ld-linux-aarch64.so.1 --library-path /peer/lib /peer/qemu-system-aarch64"
if [ -n "$PEER" ]; then BOTH="ours peer"; else BOTH=ours; fi
program() { case $1 in ours) echo "$OURS" ;; peer) echo "$PEER" ;; esac; }
figure() { echo "FIGURE $1 $2 $3"; }
# A measurement that came to nothing, and the end of what the program said
failed() { echo "L1-FAILED $*"; tail -n 5 log; }
# Reads all that a comparison runs: what waits for L0's disk waits in real time.
warm_up() { cat /lab/* /vmm /lib/* /peer/* /peer/lib/* > /dev/null 2>&1; }

# waitfor TEXT FILE [TENTHS]: until the file shows it, at most a minute by default
waitfor() { i=0; while ! grep -q "$1" "$2" 2>/dev/null && [ $i -lt ${3:-600} ]; do sleep 0.1; i=$((i+1)); done; }

# qmp COMMAND: its answer, from a program started with $QMP; listening: until it can be reached there
QMP="-qmp tcp:127.0.0.1:4444,server=on,wait=off"
listening() { i=0; while ! grep -q ':115C 00000000:0000 0A' /proc/net/tcp && [ $i -lt 600 ]; do sleep 0.1; i=$((i+1)); done; }
qmp() { (echo '{"execute":"qmp_capabilities"}'; echo "{\"execute\":\"$1\"}"; sleep 1) | timeout 20 nc 127.0.0.1 4444 | tail -n 1; }

# report LOG: when the guest says L2-LOOK, what stands on the host, for the end of the run
report() { waitfor L2-LOOK $1 2400; echo "REPORT-SMMU $(qmp query-smmu)" > smmu.report; }
