/*
 * dma-testdev: registers, descriptors and status codes. No behaviour; tests and
 * simulated hosts include it too. The page for authors of tests is
 * docs/devel/dma-testdev.md.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_MISC_DMA_TESTDEV_REGS_H
#define HW_MISC_DMA_TESTDEV_REGS_H

#define DMAT_VENDOR_ID   0x1234
#define DMAT_DEVICE_ID   0x0d7e
#define DMAT_ID          0x54414d44U    /* "DMAT" */
#define DMAT_BAR_SIZE    0x20000
#define DMAT_BUFFER      0x10000        /* where the data buffer is in BAR 0 */
#define DMAT_BUFFER_SIZE 0x10000
#define DMAT_RING_LOG2   8              /* largest ring: 256 descriptors */
#define DMAT_VECTORS     4
#define DMAT_CACHE       16             /* translations the device keeps */

/* BAR 0 */
enum {
    DMAT_REG_ID = 0x00,
    DMAT_REG_CAPS = 0x04,               /* DMAT_ALLOW_*: what config space allows now */
    DMAT_REG_CONTROL = 0x08,
    DMAT_REG_STATUS = 0x0c,             /* of the last descriptor that was carried out, or of fetching one */
    DMAT_REG_RING = 0x10,               /* 64 bits: address of the ring, 64-byte aligned */
    DMAT_REG_RING_LOG2 = 0x18,          /* log2 of its length in descriptors */
    DMAT_REG_RING_PASID = 0x1c,         /* bit 31: the ring is behind this PASID */
    DMAT_REG_PROD = 0x20,               /* write: carry out descriptors up to this index */
    DMAT_REG_CONS = 0x24,
    DMAT_REG_CACHED = 0x40,             /* translations in the device's cache */
    DMAT_REG_INVALIDATIONS = 0x44,      /* invalidation requests so far */
    DMAT_REG_INV_ADDR = 0x48,           /* 64 bits: of the last one */
    DMAT_REG_INV_MASK = 0x50,           /* 64 bits */
    DMAT_REG_INV_PASID = 0x58,          /* ffffffff: without one; fffffffe: every PASID */
    DMAT_REG_SLOT = 0x80,               /* a descriptor of its own, for tests without a ring */
    DMAT_REG_GO = 0xc0,                 /* write: carry out the descriptor in the slot */
    DMAT_REG_END = 0xc4,
};

enum { DMAT_CONTROL_MUTE = 1 };         /* do not answer invalidation requests, and keep what they mean */
enum { DMAT_ALLOW_PASID = 1, DMAT_ALLOW_EXEC = 2, DMAT_ALLOW_PRIV = 4, DMAT_ALLOW_ATS = 8 };

/* Descriptors: 64 bytes, little endian. The last 24 are the device's answer. */
#define DMAT_DESC_SIZE 64
enum {
    DMAT_DESC_OP = 0x00,                /* 8 bits */
    DMAT_DESC_FLAGS = 0x01,             /* 8 bits */
    DMAT_DESC_VECTOR = 0x02,            /* 16 bits */
    DMAT_DESC_PASID = 0x04,
    DMAT_DESC_ADDR = 0x08,              /* 64 bits */
    DMAT_DESC_LEN = 0x10,               /* READ, WRITE: up to the buffer's size; atomics: 4 or 8 */
    DMAT_DESC_BUFFER = 0x14,            /* READ, WRITE: where in the buffer */
    DMAT_DESC_OPERAND = 0x18,           /* 64 bits: atomics */
    DMAT_DESC_COMPARE = 0x20,           /* 64 bits: CAS */
    DMAT_DESC_STATUS = 0x28,
    DMAT_DESC_RESULT = 0x30,            /* 64 bits: old value; translated address */
    DMAT_DESC_RESULT2 = 0x38,           /* 64 bits: TRANSLATE: size of the block - 1, bits 1:0 write, read */
};
enum { DMAT_NOP, DMAT_READ, DMAT_WRITE, DMAT_FETCH_ADD, DMAT_SWAP, DMAT_CAS, DMAT_TRANSLATE };
enum {
    DMAT_F_PASID = 0x01, DMAT_F_PRIV = 0x02, DMAT_F_EXEC = 0x04,
    DMAT_F_ATS = 0x08,                  /* ask for a translation first, and keep it */
    DMAT_F_IRQ = 0x10,                  /* MSI-X when done */
    DMAT_F_TRANSLATED = 0x20,           /* send the address as if it were a translation */
    DMAT_F_NO_WRITE = 0x40,             /* TRANSLATE: only reading is wanted */
};
enum {
    DMAT_OK = 1,
    DMAT_FAULT = 2,                     /* refused on the way to memory */
    DMAT_BAD = 3,                       /* the descriptor makes no sense */
    DMAT_FORBIDDEN = 4,                 /* config space does not allow a flag */
    DMAT_NO_TRANSLATION = 5,            /* ATS: the answer has not the permission */
};

#endif
