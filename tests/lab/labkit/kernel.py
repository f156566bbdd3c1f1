"""The lab's kernel: one arm64 Linux, for the virtual host and for the guest.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import glob, gzip, os, re, subprocess, zlib

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILT = os.path.join(ROOT, '.lab', 'Image-7.2.gz')
CONFIGURATION = b'IKCFG_ST'         # before the gzipped .config that CONFIG_IKCONFIG puts into an Image

def candidates():
    """Places where a built kernel may lie, best first."""
    yield from sorted(glob.glob(os.path.join(ROOT, '.lab', 'Image-*.gz')))
    yield from sorted(glob.glob(os.path.join(ROOT, '..', 'shared', 'lab', 'Image-*.gz')))

def find(path=None):
    """The uncompressed Image; None when there is none yet."""
    path = path or next(candidates(), None)
    if not path:
        return None
    data = open(path, 'rb').read()
    return gzip.decompress(data) if data[:2] == b'\x1f\x8b' else data

def build():
    print('lab: no kernel yet; building one (about 10 minutes, once)', flush=True)
    if subprocess.run([os.path.join(HERE, 'build-kernel'), BUILT]).returncode:
        raise SystemExit('lab: no kernel: tests/lab/build-kernel failed, see above; --kernel FILE takes another arm64 Image')
    return find(BUILT)

def symbols(image):
    """What the Image says it was built with (CONFIG_...=y); nothing when it does not tell."""
    at = image.find(CONFIGURATION)
    if at < 0:
        return set()
    text = zlib.decompressobj(31).decompress(image[at + len(CONFIGURATION):])
    return set(re.findall(r'^(CONFIG_\w+)=y$', text.decode(), re.M))
