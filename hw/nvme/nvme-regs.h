/*
 * NVM Express registers, commands and status codes: NVM Express Base
 * Specification 1.4, numbers in comments are its sections.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_NVME_NVME_REGS_H
#define HW_NVME_NVME_REGS_H

#include "util/bits.h"

/* 3.1 Controller registers */
enum {
    NVME_REG_CAP = 0x00, NVME_REG_VS = 0x08, NVME_REG_INTMS = 0x0c, NVME_REG_INTMC = 0x10, NVME_REG_CC = 0x14,
    NVME_REG_CSTS = 0x1c, NVME_REG_NSSR = 0x20, NVME_REG_AQA = 0x24, NVME_REG_ASQ = 0x28, NVME_REG_ACQ = 0x30,
    NVME_REG_END = 0x38, NVME_REG_DOORBELLS = 0x1000,
};
FIELD(CAP, MQES, 0, 16)
FIELD(CAP, CQR, 16, 1)
FIELD(CAP, TO, 24, 8)
FIELD(CAP, CSS, 37, 8)
FIELD(CAP, MPSMAX, 52, 4)
FIELD(CC, EN, 0, 1)
FIELD(CC, CSS, 4, 3)
FIELD(CC, MPS, 7, 4)
FIELD(CC, AMS, 11, 3)
FIELD(CC, SHN, 14, 2)
FIELD(CC, IOSQES, 16, 4)
FIELD(CC, IOCQES, 20, 4)
FIELD(CSTS, RDY, 0, 1)
FIELD(CSTS, CFS, 1, 1)
FIELD(CSTS, SHST, 2, 2)
FIELD(AQA, ASQS, 0, 12)
FIELD(AQA, ACQS, 16, 12)
#define NVME_VERSION            0x00010400
#define NVME_CC_WRITABLE        0x00fffff1
#define NVME_SHST_BUSY          1
#define NVME_SHST_COMPLETE      2

/* 4.2 Submission queue entry, 4.6 completion queue entry; little endian */
typedef struct QEMU_PACKED NvmeCmd {
    uint8_t opcode, flags;              /* flags: 1:0 fused, 7:6 PRP or SGL */
    uint16_t cid;
    uint32_t nsid;
    uint64_t reserved, mptr, dptr1, dptr2;
    uint32_t cdw10, cdw11, cdw12, cdw13, cdw14, cdw15;
} NvmeCmd;

typedef struct QEMU_PACKED NvmeCqe {
    uint32_t result, result_high;
    uint16_t sq_head, sq_id, cid, status;       /* status: bit 0 phase */
} NvmeCqe;

typedef struct QEMU_PACKED NvmeSglDesc { uint64_t addr; uint32_t len; uint8_t reserved[3], type; } NvmeSglDesc;
enum { NVME_SGL_DATA = 0x0, NVME_SGL_BIT_BUCKET = 0x1, NVME_SGL_SEGMENT = 0x2, NVME_SGL_LAST_SEGMENT = 0x3 };

typedef struct QEMU_PACKED NvmeDsmRange { uint32_t attrs, nlb; uint64_t slba; } NvmeDsmRange;

/* 5, 6: opcodes */
enum {
    NVME_ADM_DELETE_SQ = 0x00, NVME_ADM_CREATE_SQ = 0x01, NVME_ADM_GET_LOG = 0x02, NVME_ADM_DELETE_CQ = 0x04,
    NVME_ADM_CREATE_CQ = 0x05, NVME_ADM_IDENTIFY = 0x06, NVME_ADM_ABORT = 0x08, NVME_ADM_SET_FEATURES = 0x09,
    NVME_ADM_GET_FEATURES = 0x0a, NVME_ADM_ASYNC_EVENT = 0x0c, NVME_ADM_DBBUF_CONFIG = 0x7c,
    NVME_IO_FLUSH = 0x00, NVME_IO_WRITE = 0x01, NVME_IO_READ = 0x02, NVME_IO_COMPARE = 0x05,
    NVME_IO_WRITE_ZEROES = 0x08, NVME_IO_DSM = 0x09,
};
enum { NVME_DSM_DEALLOCATE = 4, NVME_RW_FUA = 1U << 30, NVME_WZ_DEALLOCATE = 1U << 25 };

/* 4.6.1 Status: code type << 8 | code */
enum {
    NVME_OK = 0x000, NVME_INVALID_OPCODE = 0x001, NVME_INVALID_FIELD = 0x002, NVME_DATA_TRANSFER_ERROR = 0x004,
    NVME_INTERNAL_ERROR = 0x006, NVME_ABORT_SQ_DELETED = 0x008, NVME_INVALID_NAMESPACE = 0x00b, NVME_SEQUENCE_ERROR = 0x00c,
    NVME_SGL_SEGMENT_INVALID = 0x00d, NVME_SGL_COUNT_INVALID = 0x00e, NVME_SGL_LENGTH_INVALID = 0x00f,
    NVME_SGL_TYPE_INVALID = 0x011, NVME_PRP_OFFSET_INVALID = 0x013,
    NVME_LBA_RANGE = 0x080, NVME_CQ_INVALID = 0x100, NVME_QID_INVALID = 0x101, NVME_QUEUE_SIZE_INVALID = 0x102,
    NVME_AER_LIMIT = 0x105, NVME_VECTOR_INVALID = 0x108, NVME_LOG_INVALID = 0x109, NVME_QUEUE_DELETION_INVALID = 0x10c,
    NVME_FEATURE_NOT_SAVEABLE = 0x10d, NVME_FEATURE_NOT_CHANGEABLE = 0x10e, NVME_READ_ONLY = 0x182,
    NVME_WRITE_FAULT = 0x280, NVME_READ_FAULT = 0x281, NVME_COMPARE_FAILED = 0x285,
    NVME_DNR = 0x4000,
};

/* 5.15, 5.14, 5.21 */
enum { NVME_CNS_NS = 0x00, NVME_CNS_CTRL = 0x01, NVME_CNS_NS_LIST = 0x02, NVME_CNS_NS_DESCRIPTORS = 0x03,
       NVME_CNS_ALLOCATED_LIST = 0x10, NVME_CNS_ALLOCATED_NS = 0x11 };
enum { NVME_LOG_ERROR = 0x01, NVME_LOG_SMART = 0x02, NVME_LOG_FIRMWARE = 0x03, NVME_LOG_CHANGED_NS = 0x04, NVME_LOG_EFFECTS = 0x05 };
enum {
    NVME_FEAT_ARBITRATION = 0x01, NVME_FEAT_POWER = 0x02, NVME_FEAT_TEMPERATURE = 0x04, NVME_FEAT_ERROR_RECOVERY = 0x05,
    NVME_FEAT_WRITE_CACHE = 0x06, NVME_FEAT_QUEUES = 0x07, NVME_FEAT_COALESCING = 0x08, NVME_FEAT_VECTOR = 0x09,
    NVME_FEAT_ATOMICITY = 0x0a, NVME_FEAT_ASYNC_EVENT = 0x0b, NVME_FEAT_TIMESTAMP = 0x0e,
};
/* 5.2 Asynchronous events: type, info, log page */
enum { NVME_EVENT_ERROR = 0, NVME_EVENT_INVALID_DOORBELL = 0, NVME_EVENT_INVALID_DOORBELL_VALUE = 1 };

#endif
