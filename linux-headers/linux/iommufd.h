/*
 * The iommufd kernel ABI: ioctl numbers, structures and constants, as Linux
 * 7.2 has them. Numbers and layouts are facts of the ABI; what each call
 * does and answers is in docs/devel/iommufd.md.
 *
 * Every structure starts with its own size; a kernel that knows fewer fields
 * refuses non-zero bytes it does not know with E2BIG.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TWOSTAGE_LINUX_IOMMUFD_H
#define TWOSTAGE_LINUX_IOMMUFD_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define IOMMUFD_TYPE (';')
#define IOMMUFD_NR(n) _IO(IOMMUFD_TYPE, (n))

#define IOMMU_DESTROY                   IOMMUFD_NR(0x80)
#define IOMMU_IOAS_ALLOC                IOMMUFD_NR(0x81)
#define IOMMU_IOAS_ALLOW_IOVAS          IOMMUFD_NR(0x82)
#define IOMMU_IOAS_COPY                 IOMMUFD_NR(0x83)
#define IOMMU_IOAS_IOVA_RANGES          IOMMUFD_NR(0x84)
#define IOMMU_IOAS_MAP                  IOMMUFD_NR(0x85)
#define IOMMU_IOAS_UNMAP                IOMMUFD_NR(0x86)
#define IOMMU_OPTION                    IOMMUFD_NR(0x87)
#define IOMMU_VFIO_IOAS                 IOMMUFD_NR(0x88)
#define IOMMU_HWPT_ALLOC                IOMMUFD_NR(0x89)
#define IOMMU_GET_HW_INFO               IOMMUFD_NR(0x8a)
#define IOMMU_HWPT_SET_DIRTY_TRACKING   IOMMUFD_NR(0x8b)
#define IOMMU_HWPT_GET_DIRTY_BITMAP     IOMMUFD_NR(0x8c)
#define IOMMU_HWPT_INVALIDATE           IOMMUFD_NR(0x8d)
#define IOMMU_FAULT_QUEUE_ALLOC         IOMMUFD_NR(0x8e)
#define IOMMU_IOAS_MAP_FILE             IOMMUFD_NR(0x8f)
#define IOMMU_VIOMMU_ALLOC              IOMMUFD_NR(0x90)
#define IOMMU_VDEVICE_ALLOC             IOMMUFD_NR(0x91)
#define IOMMU_IOAS_CHANGE_PROCESS       IOMMUFD_NR(0x92)
#define IOMMU_VEVENTQ_ALLOC             IOMMUFD_NR(0x93)
#define IOMMU_HW_QUEUE_ALLOC            IOMMUFD_NR(0x94)

struct iommu_destroy { __u32 size, id; };

/* --- I/O address spaces ------------------------------------------------------ */
struct iommu_ioas_alloc { __u32 size, flags, out_ioas_id; };

struct iommu_iova_range { __aligned_u64 start, last; };      /* last is inclusive */

struct iommu_ioas_iova_ranges {
    __u32 size, ioas_id, num_iovas, __reserved;
    __aligned_u64 allowed_iovas;
    __aligned_u64 out_iova_alignment;
};

struct iommu_ioas_allow_iovas {
    __u32 size, ioas_id, num_iovas, __reserved;
    __aligned_u64 allowed_iovas;
};

enum iommufd_ioas_map_flags {
    IOMMU_IOAS_MAP_FIXED_IOVA = 1 << 0,
    IOMMU_IOAS_MAP_WRITEABLE = 1 << 1,
    IOMMU_IOAS_MAP_READABLE = 1 << 2,
};

struct iommu_ioas_map {
    __u32 size, flags, ioas_id, __reserved;
    __aligned_u64 user_va, length, iova;
};

struct iommu_ioas_map_file {
    __u32 size, flags, ioas_id;
    __s32 fd;
    __aligned_u64 start, length, iova;
};

struct iommu_ioas_copy {
    __u32 size, flags, dst_ioas_id, src_ioas_id;
    __aligned_u64 length, dst_iova, src_iova;
};

struct iommu_ioas_unmap {
    __u32 size, ioas_id;
    __aligned_u64 iova, length;
};

struct iommu_ioas_change_process { __u32 size, __reserved; };

enum iommufd_option { IOMMU_OPTION_RLIMIT_MODE = 0, IOMMU_OPTION_HUGE_PAGES = 1 };
enum iommufd_option_ops { IOMMU_OPTION_OP_SET = 0, IOMMU_OPTION_OP_GET = 1 };

struct iommu_option {
    __u32 size, option_id;
    __u16 op, __reserved;
    __u32 object_id;
    __aligned_u64 val64;
};

enum iommufd_vfio_ioas_op { IOMMU_VFIO_IOAS_GET = 0, IOMMU_VFIO_IOAS_SET = 1, IOMMU_VFIO_IOAS_CLEAR = 2 };

struct iommu_vfio_ioas {
    __u32 size, ioas_id;
    __u16 op, __reserved;
};

/* --- Hardware page tables ------------------------------------------------------ */
enum iommufd_hwpt_alloc_flags {
    IOMMU_HWPT_ALLOC_NEST_PARENT = 1 << 0,
    IOMMU_HWPT_ALLOC_DIRTY_TRACKING = 1 << 1,
    IOMMU_HWPT_FAULT_ID_VALID = 1 << 2,
    IOMMU_HWPT_ALLOC_PASID = 1 << 3,
};

enum iommu_hwpt_data_type {
    IOMMU_HWPT_DATA_NONE = 0,
    IOMMU_HWPT_DATA_VTD_S1 = 1,
    IOMMU_HWPT_DATA_ARM_SMMUV3 = 2,
    IOMMU_HWPT_DATA_AMD_GUEST = 3,
};

/* The two stream table words of a guest's STE that the kernel takes. */
struct iommu_hwpt_arm_smmuv3 { __aligned_le64 ste[2]; };

struct iommu_hwpt_alloc {
    __u32 size, flags, dev_id, pt_id, out_hwpt_id, __reserved, data_type, data_len;
    __aligned_u64 data_uptr;
    __u32 fault_id, __reserved2;
};

struct iommu_hwpt_set_dirty_tracking { __u32 size, flags, hwpt_id, __reserved; };
enum iommufd_hwpt_set_dirty_tracking_flags { IOMMU_HWPT_DIRTY_TRACKING_ENABLE = 1 };
enum iommufd_hwpt_get_dirty_bitmap_flags { IOMMU_HWPT_GET_DIRTY_BITMAP_NO_CLEAR = 1 };

struct iommu_hwpt_get_dirty_bitmap {
    __u32 size, hwpt_id, flags, __reserved;
    __aligned_u64 iova, length, page_size, data;
};

enum iommu_hwpt_invalidate_data_type {
    IOMMU_HWPT_INVALIDATE_DATA_VTD_S1 = 0,
    IOMMU_VIOMMU_INVALIDATE_DATA_ARM_SMMUV3 = 1,
};

struct iommu_viommu_arm_smmuv3_invalidate { __aligned_le64 cmd[2]; };

struct iommu_hwpt_invalidate {
    __u32 size, hwpt_id;
    __aligned_u64 data_uptr;
    __u32 data_type, entry_len, entry_num, __reserved;
};

/* --- What the hardware is ------------------------------------------------------ */
enum iommu_hw_info_flags { IOMMU_HW_INFO_FLAG_INPUT_TYPE = 1 << 0 };

enum iommu_hw_info_type {
    IOMMU_HW_INFO_TYPE_NONE = 0,
    IOMMU_HW_INFO_TYPE_DEFAULT = 0,
    IOMMU_HW_INFO_TYPE_INTEL_VTD = 1,
    IOMMU_HW_INFO_TYPE_ARM_SMMUV3 = 2,
    IOMMU_HW_INFO_TYPE_TEGRA241_CMDQV = 3,
    IOMMU_HW_INFO_TYPE_AMD = 4,
};

enum iommufd_hw_capabilities {
    IOMMU_HW_CAP_DIRTY_TRACKING = 1 << 0,
    IOMMU_HW_CAP_PCI_PASID_EXEC = 1 << 1,
    IOMMU_HW_CAP_PCI_PASID_PRIV = 1 << 2,
    IOMMU_HW_CAP_PCI_ATS_NOT_SUPPORTED = 1 << 3,
};

struct iommu_hw_info {
    __u32 size, flags, dev_id, data_len;
    __aligned_u64 data_uptr;
    union { __u32 in_data_type, out_data_type; };
    __u8 out_max_pasid_log2;
    __u8 __reserved[3];
    __aligned_u64 out_capabilities;
};

struct iommu_hw_info_arm_smmuv3 {
    __u32 flags, __reserved, idr[6], iidr, aidr;
};

struct iommu_hw_info_tegra241_cmdqv {
    __u32 flags;
    __u8 version, log2vcmdqs, log2vsids, __reserved;
};

/* --- vIOMMU and what hangs on it ------------------------------------------------- */
enum iommu_viommu_type {
    IOMMU_VIOMMU_TYPE_DEFAULT = 0,
    IOMMU_VIOMMU_TYPE_ARM_SMMUV3 = 1,
    IOMMU_VIOMMU_TYPE_TEGRA241_CMDQV = 2,
};

struct iommu_viommu_alloc {
    __u32 size, flags, type, dev_id, hwpt_id, out_viommu_id, data_len, __reserved;
    __aligned_u64 data_uptr;
};

struct iommu_viommu_tegra241_cmdqv { __aligned_u64 out_vintf_mmap_offset, out_vintf_mmap_length; };

struct iommu_vdevice_alloc {
    __u32 size, viommu_id, dev_id, out_vdevice_id;
    __aligned_u64 virt_id;
};

enum iommu_veventq_type {
    IOMMU_VEVENTQ_TYPE_DEFAULT = 0,
    IOMMU_VEVENTQ_TYPE_ARM_SMMUV3 = 1,
    IOMMU_VEVENTQ_TYPE_TEGRA241_CMDQV = 2,
};

struct iommu_veventq_alloc {
    __u32 size, flags, viommu_id, type, veventq_depth, out_veventq_id, out_veventq_fd, __reserved;
};

enum iommu_veventq_flag { IOMMU_VEVENTQ_FLAG_LOST_EVENTS = 1U << 0 };

struct iommufd_vevent_header { __u32 flags, sequence; };
struct iommu_vevent_arm_smmuv3 { __aligned_le64 evt[4]; };
struct iommu_vevent_tegra241_cmdqv { __aligned_le64 lvcmdq_err_map[2]; };

enum iommu_hw_queue_type { IOMMU_HW_QUEUE_TYPE_DEFAULT = 0, IOMMU_HW_QUEUE_TYPE_TEGRA241_CMDQV = 1 };

struct iommu_hw_queue_alloc {
    __u32 size, flags, viommu_id, type, index, out_hw_queue_id;
    __aligned_u64 nesting_parent_iova, length;
};

/* --- Page faults ------------------------------------------------------------------ */
struct iommu_fault_alloc { __u32 size, flags, out_fault_id, out_fault_fd; };

enum iommu_hwpt_pgfault_flags {
    IOMMU_PGFAULT_FLAGS_PASID_VALID = 1 << 0,
    IOMMU_PGFAULT_FLAGS_LAST_PAGE = 1 << 1,
};
enum iommu_hwpt_pgfault_perm {
    IOMMU_PGFAULT_PERM_READ = 1 << 0,
    IOMMU_PGFAULT_PERM_WRITE = 1 << 1,
    IOMMU_PGFAULT_PERM_EXEC = 1 << 2,
    IOMMU_PGFAULT_PERM_PRIV = 1 << 3,
};

struct iommu_hwpt_pgfault {
    __u32 flags, dev_id, pasid, grpid, perm, __reserved;
    __aligned_u64 addr;
    __u32 length, cookie;
};

enum iommufd_page_response_code { IOMMUFD_PAGE_RESP_SUCCESS = 0, IOMMUFD_PAGE_RESP_INVALID = 1 };
struct iommu_hwpt_page_response { __u32 cookie, code; };

#endif
