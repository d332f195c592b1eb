/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An open device: context and in-order queue; programs, buffers and launches. Engines use OpenCL only through this.
 */
#ifndef GRADUS_DEVICE_DEVICE_H
#define GRADUS_DEVICE_DEVICE_H

#include "device/opencl.h"

/* Which of two sets of kernels is used: a work-item per core with wide vectors, or many work-items with local memory. */
typedef enum kernel_kind { KERNELS_CPU, KERNELS_GPU } kernel_kind;

/* How the host waits for the device: polls from time to time, or waits by the driver's own method. */
typedef enum wait_kind { WAIT_SLEEP, WAIT_SPIN } wait_kind;

/* Which matrix products are used: the fastest, gradus's own kernels, CLBlast. */
typedef enum product_preference { PRODUCTS_AUTO, PRODUCTS_OWN, PRODUCTS_CLBLAST } product_preference;

/* Whether products may use the device's tensor cores: not; if a first product is right (product_tensor.c); it was. */
typedef enum tensor_use { TENSOR_NONE, TENSOR_UNPROVEN, TENSOR_PROVEN } tensor_use;

typedef struct shared_objects shared_objects; /* branch.c */

#define DEVICE_AT_CLOSE_MAX 4

struct gradus_device {
    gradus_device_info info;
    kernel_kind kernels;
    wait_kind wait;
    product_preference products;
    tensor_use tensor;
    bool emulates_tensor; /* for tests: any device computes what tensor cores would */
    cl_device_id id;      /* a complete device, or a subdevice with the used cores of a CPU */
    cl_context context;
    cl_command_queue queue;  /* in order */
    bool flushed;            /* nothing was launched since the queue was flushed; see Note [first launch] */
    struct profile *profile; /* profile.h; NULL unless the device was opened for it */
    shared_objects *shared;  /* programs and uploads; those of branches are shared by all of them */
    unsigned vector_width;   /* floats of a hardware vector: 1, 2, 4, 8 or 16 */
    unsigned lanes;          /* floats of a vector in kernels with vectors: 8 or 16 */
    uint64_t memory_limit;   /* bytes that one engine may use in total; see Note [memory limit] in device.c */
    void (*at_close[DEVICE_AT_CLOSE_MAX])(void); /* see gr_device_at_close(); NULL from the first unused one on */
};

/* Registers `release`, which is called once before the device's context is released, even if it is registered
 * repeatedly: for libraries that keep objects of a context in their own caches. At most DEVICE_AT_CLOSE_MAX
 * functions. */
void gr_device_at_close(gradus_device *device, void (*release)(void));

/* ---- Finding devices (device_list.c) ---- */

/* The OpenCL handle of a listed device. */
gradus_status gr_device_find(const gradus_device_info *info, cl_device_id *out);

/* ---- Branches (branch.c) ---- */

/* Opens `count` branches of a device: queues of the same context with the same options, each for a thread of its own.
 * They share programs and uploads with each other, not with the device. Each is closed by gradus_device_close(), before
 * the device is. */
gradus_status gr_device_branch(const gradus_device *device, size_t count, gradus_device **branches);

/* Objects that a device shares: of its own, or of other branches. */
gradus_status gr_shared_create(shared_objects **out);
shared_objects *gr_shared_retain(shared_objects *shared);
void gr_shared_release(shared_objects *shared); /* NULL-safe */

#define UPLOAD_BUFFERS 3 /* of one upload, at most */

/* Data for engines that only read it. */
typedef struct device_upload {
    const void *data; /* which data, */
    const char *what; /* in which form, a constant text, */
    size_t variant;   /* and which variant of it: equal values mean equal buffers */
    gradus_status (*create)(gradus_device *device, const void *context, cl_mem *buffers); /* (UPLOAD_BUFFERS) */
    const void *context;
} device_upload;

/* Creates the buffers, which the caller releases. Branches do so once and share them. */
gradus_status gr_device_upload(gradus_device *device, const device_upload *how, cl_mem *buffers);

/* ---- Cores of a CPU (threads.c) ---- */

/* Restricts a CPU device to `threads` cores, 0: those that this process may use, by creating a subdevice, which
 * replaces device->id. ARGUMENT if it is not a CPU or has fewer cores. */
gradus_status gr_device_restrict(gradus_device *device, size_t threads);

/* ---- Programs (program.c) ---- */

/* Builds kernels/<file>, "layered/relu.cl", with the compiler's options. DEVICE with the build log's first error. */
gradus_status gr_program_build(const gradus_device *device, const char *file, const char *options, cl_program *out);

/* The same for a shared program: it is built once per device and options, and released with the device. Of a branch all
 * programs are shared. */
gradus_status gr_program_share(const gradus_device *device, const char *file, const char *options, cl_program *out);
void gr_program_release_shared(gradus_device *device);

/* Releases *program, one of gr_program_build(), unless it is NULL. */
void gr_program_release(cl_program *program);

/* Appends " -D NAME=1,2,3" to compiler options, a text that the caller frees. */
gradus_status gr_program_define(char **options, const char *name, const size_t *values, size_t count);

/* Appends a text to compiler options. */
gradus_status gr_program_add_options(char **options, const char *more);

/* The largest number of work-items in a work-group of a kernel, which may be smaller than the device's (gpu_model.h). */
gradus_status gr_program_group_limit(const gradus_device *device, cl_program program, const char *kernel, size_t *out);

/* ---- Waiting (wait.c) ---- */

/* Returns when *event, of the device's queue, is complete, and releases it; *event is NULL then. */
gradus_status gr_device_wait(gradus_device *device, cl_event *event);

/* Returns when all queued work is done. */
gradus_status gr_device_finish(gradus_device *device);

/* The same by the driver's own method, which may keep a core busy and returns without delay: for measurements. */
gradus_status gr_device_finish_promptly(gradus_device *device);

/* Releases *event unless it is NULL. */
void gr_event_release(cl_event *event);

/* ---- Buffers (buffer.c); sizes in bytes, never zero. `what` names the contents in messages. ---- */

gradus_status gr_buffer_create(gradus_device *device, size_t bytes, const char *what, cl_mem *out);

/* A buffer that is all zero. */
gradus_status gr_buffer_create_zeroed(gradus_device *device, size_t bytes, const char *what, cl_mem *out);
/* Writes zeros, and waits as gr_buffer_write() does. Oclgrind considers memory uninitialised if only gr_buffer_clear()
 * wrote it. */
gradus_status gr_buffer_write_zeros(gradus_device *device, cl_mem buffer, size_t bytes);

/* A buffer that the host fills in place (on a CPU without a copy): *memory is its `bytes` until gr_buffer_unmap. */
gradus_status gr_buffer_create_mapped(gradus_device *device, size_t bytes, const char *what, cl_mem *out,
                                      void **memory);
/* A buffer in host memory, *memory, for reads without waiting: with other memory than their own, drivers would wait.
 * *memory is valid until gr_buffer_unmap. */
gradus_status gr_buffer_create_landing(gradus_device *device, size_t bytes, const char *what, cl_mem *out,
                                       void **memory);
gradus_status gr_buffer_unmap(gradus_device *device, cl_mem buffer, void *memory);

gradus_status gr_buffer_write(gradus_device *device, cl_mem buffer, size_t offset, size_t bytes, const void *from);
/* The same without waiting: the memory at `from` must not change until the device has read it. */
gradus_status gr_buffer_write_queued(gradus_device *device, cl_mem buffer, size_t offset, size_t bytes,
                                     const void *from);
/* Waits for all queued work. */
gradus_status gr_buffer_read(gradus_device *device, cl_mem buffer, size_t offset, size_t bytes, void *to);
/* The same without waiting; the queue is flushed. `to` is filled when *arrival, which gr_device_wait() takes, is complete. */
gradus_status gr_buffer_read_queued(gradus_device *device, cl_mem buffer, size_t offset, size_t bytes, void *to,
                                    cl_event *arrival);
gradus_status gr_buffer_copy(gradus_device *device, cl_mem from, cl_mem to, size_t bytes);
/* Sets `bytes` to zero; queued. */
gradus_status gr_buffer_clear(gradus_device *device, cl_mem buffer, size_t bytes);

/* Releases *buffer unless it is NULL. */
void gr_buffer_release(cl_mem *buffer);

/* ---- Launches (launch.c) ---- */

/* The largest first argument whose present value a launch knows. */
#define LAUNCH_VARYING 64

/* A kernel with its arguments and its range, ready to be enqueued any number of times. */
typedef struct launch {
    cl_kernel kernel;
    size_t global, local;
    unsigned char varying[LAUNCH_VARYING]; /* the kernel's first argument, so that it is set only if it changes */
    size_t varying_size;                   /* 0: too large */
} launch;

typedef struct kernel_argument {
    size_t size;
    const void *value;
} kernel_argument;

/* ARGUMENTS(z, n): the kernel's arguments in order, each a variable of exactly the type that the kernel declares. */
#define ARGUMENT(x)                                                                                                   \
    {                                                                                                                 \
        sizeof(x), &(x)                                                                                               \
    }
#define ARGUMENTS(...)                                                                                                \
    (const kernel_argument[]){__VA_ARGS__}, sizeof((const kernel_argument[]){__VA_ARGS__}) / sizeof(kernel_argument)

/*
 * Prepares `items` work-items of a kernel of kernels/<file>, which is built without options. The range is rounded up to
 * full work-groups, so kernels must ignore work-items past their last.
 */
gradus_status gr_launch_create(gradus_device *device, const char *file, const char *kernel, size_t items,
                               const kernel_argument *arguments, size_t argument_count, launch *out);

/* The same, built with options. */
gradus_status gr_launch_create_with(gradus_device *device, const char *file, const char *options, const char *kernel,
                                    size_t items, const kernel_argument *arguments, size_t argument_count,
                                    launch *out);

/* The same as gr_launch_create() in `groups` work-groups of `local` work-items. */
gradus_status gr_launch_create_groups(gradus_device *device, const char *file, const char *kernel, size_t groups,
                                      size_t local, const kernel_argument *arguments, size_t argument_count,
                                      launch *out);

/* The same for a kernel of another program, in work-groups of `local` work-items; `global` is a multiple of `local`. */
gradus_status gr_launch_create_in(cl_program program, const char *kernel, size_t global, size_t local,
                                  const kernel_argument *arguments, size_t argument_count, launch *out);

/* Replaces the kernel's first argument, for the launches after this: a struct with everything that differs between
 * launches, which a header in kernels/ defines for host and device. */
gradus_status gr_launch_vary(launch *prepared, size_t size, const void *varying);

gradus_status gr_launch_enqueue(gradus_device *device, const launch *prepared);
void gr_launch_destroy(launch *prepared);

#endif
