"""The lab's kernel: one arm64 Linux, for the virtual host and for the guest.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import glob, gzip, os, subprocess

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ROOT = os.path.dirname(os.path.dirname(HERE))

def candidates():
    """Places where a built kernel may lie, best first."""
    yield from sorted(glob.glob(os.path.join(ROOT, '.lab', 'Image-*.gz')))
    yield from sorted(glob.glob(os.path.join(ROOT, '..', 'shared', 'lab', 'Image-*.gz')))

def load(path=None):
    """The uncompressed Image; built when there is none."""
    path = path or next(candidates(), None)
    if not path:
        path = os.path.join(ROOT, '.lab', 'Image-7.2.gz')
        print('lab: no kernel yet; building one (about 10 minutes, once)', flush=True)
        subprocess.run([os.path.join(HERE, 'build-kernel'), path], check=True)
    data = open(path, 'rb').read()
    return gzip.decompress(data) if data[:2] == b'\x1f\x8b' else data
