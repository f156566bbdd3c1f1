/*
 * AML, the byte code of ACPI namespaces (ACPI 6.5, chapter 20), written as a
 * stream: a term is its opcode followed by its operands, so calls appear in
 * the order of the grammar. Constructs with a length (Scope, Device, If, ...)
 * are opened and closed; closing fills in the length.
 *
 *     aml_open_device(a, "PWRB");
 *     aml_name_string(a, "_HID", "PNP0C0C");
 *     aml_close(a);
 *
 * Resource templates are collected apart (AmlCrs) because their size precedes
 * them. Misuse (unbalanced close, bad name) is a bug of ours and asserts.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_ACPI_AML_H
#define HW_ACPI_AML_H

#include "util/osdep.h"

#define AML_MAX_DEPTH 16

typedef struct Aml {
    GByteArray *out;                    /* appended to; owned by the caller */
    guint open[AML_MAX_DEPTH];          /* where each open construct's length goes */
    unsigned depth;
} Aml;

static inline Aml aml_init(GByteArray *out) { return (Aml){ .out = out }; }

/* Opcodes without a length, written by aml_op(); operands follow. */
typedef enum AmlOp {
    AML_STORE = 0x70, AML_ADD = 0x72, AML_SUBTRACT = 0x74, AML_AND = 0x7b, AML_OR = 0x7d, AML_DEREF_OF = 0x83, AML_NOTIFY = 0x86, AML_INDEX = 0x88,
    AML_CREATE_DWORD_FIELD = 0x8a, AML_LNOT = 0x92, AML_LEQUAL = 0x93, AML_LLESS = 0x95, AML_TO_INTEGER = 0x99, AML_RETURN = 0xa4,
    AML_NO_TARGET = 0x00,
} AmlOp;
void aml_op(Aml *a, AmlOp op);

/* Names: "\\_SB.PCI0", "_HID", "L0"; short segments are padded with '_'. */
void aml_path(Aml *a, const char *path);
void aml_arg(Aml *a, unsigned n);
void aml_local(Aml *a, unsigned n);

/* Data. */
void aml_int(Aml *a, uint64_t v);                               /* shortest encoding */
void aml_string(Aml *a, const char *s);
void aml_buffer(Aml *a, const void *data, size_t len);
void aml_unicode(Aml *a, const char *ascii);
void aml_uuid(Aml *a, const char *text);                        /* ToUUID("...") */
void aml_eisa_id(Aml *a, const char *id);                       /* EisaId("PNP0C80") */

/* Name (@name, value) */
void aml_name(Aml *a, const char *name);                        /* the value follows */
void aml_name_int(Aml *a, const char *name, uint64_t v);
void aml_name_string(Aml *a, const char *name, const char *s);

/* Constructs with a length. */
void aml_open_scope(Aml *a, const char *path);
void aml_open_device(Aml *a, const char *path);
void aml_open_method(Aml *a, const char *name, unsigned args, bool serialized);
void aml_open_if(Aml *a);                                       /* the predicate follows */
void aml_open_else(Aml *a);
void aml_open_while(Aml *a);                                    /* the predicate follows */
void aml_open_package(Aml *a, uint8_t elements);
void aml_open_var_package(Aml *a, unsigned elements);           /* the count is an expression */
typedef enum AmlAccess { AML_ANY_ACC, AML_BYTE_ACC, AML_WORD_ACC, AML_DWORD_ACC, AML_QWORD_ACC } AmlAccess;
typedef enum AmlUpdate { AML_PRESERVE, AML_WRITE_AS_ONES, AML_WRITE_AS_ZEROS } AmlUpdate;
void aml_open_field(Aml *a, const char *region, AmlAccess access, AmlUpdate update);
void aml_close(Aml *a);

void aml_field_unit(Aml *a, const char *name, unsigned bits);   /* inside a Field */
void aml_field_skip(Aml *a, unsigned bits);
void aml_mutex(Aml *a, const char *name);
void aml_acquire(Aml *a, const char *mutex);                    /* however long it takes */
void aml_release(Aml *a, const char *mutex);
void aml_memory_region(Aml *a, const char *name, uint64_t base, uint32_t len);

/* Resource descriptors (ACPI 6.5, 6.4). */
typedef GByteArray AmlCrs;
AmlCrs *aml_crs_new(void);
void aml_crs_memory32_fixed(AmlCrs *c, uint32_t base, uint32_t len);
void aml_crs_interrupt(AmlCrs *c, bool edge, uint32_t gsi);
void aml_crs_gpio_interrupt(AmlCrs *c, const char *controller, uint16_t pin);
void aml_crs_bus(AmlCrs *c, uint16_t min, uint16_t max);
void aml_crs_io(AmlCrs *c, uint32_t min, uint32_t max, uint32_t translation);
void aml_crs_memory32(AmlCrs *c, uint32_t min, uint32_t max);
void aml_crs_memory64(AmlCrs *c, uint64_t min, uint64_t max);
void aml_crs_ram32(AmlCrs *c, uint32_t min, uint32_t max);      /* cacheable */
void aml_crs_ram64(AmlCrs *c, uint64_t min, uint64_t max);
/* Name (@name, ResourceTemplate () { @c }); frees @c. */
void aml_name_crs(Aml *a, const char *name, AmlCrs *c);

#endif
