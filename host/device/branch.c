/* SPDX-License-Identifier: Apache-2.0 */
/* Branches of a device, and what they share. */
#include "device/branch.h"
#include "core/memory.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* ---- Shared objects ---- */

typedef struct shared_program shared_program;
struct shared_program {
    char *key; /* file and options */
    cl_program program;
    shared_program *next;
};

typedef struct shared_upload shared_upload;
struct shared_upload {
    device_upload how;
    cl_mem buffers[UPLOAD_BUFFERS];
    shared_upload *next;
};

struct shared_objects {
    pthread_mutex_t lock; /* held while an object is made, so that others wait for it */
    size_t devices;       /* that have them; changes only while no other thread uses them */
    bool branches;
    shared_program *programs;
    shared_upload *uploads;
};

gradus_status gr_shared_create(shared_objects **out)
{
    gradus_status status = GRADUS_OK;
    TRY(gr_allocate(1, out));
    (*out)->devices = 1;
    pthread_mutex_init(&(*out)->lock, NULL);
cleanup:
    return status;
}

shared_objects *gr_shared_retain(shared_objects *shared)
{
    shared->devices++;
    return shared;
}

void gr_shared_release(shared_objects *shared)
{
    if (shared == NULL || --shared->devices > 0)
        return;
    gr_shared_clear(shared);
    pthread_mutex_destroy(&shared->lock);
    free(shared);
}

void gr_shared_clear(shared_objects *shared)
{
    while (shared->programs != NULL) {
        shared_program *first = shared->programs;
        shared->programs = first->next;
        gr_program_release(&first->program);
        free(first->key);
        free(first);
    }
    while (shared->uploads != NULL) {
        shared_upload *first = shared->uploads;
        shared->uploads = first->next;
        for (size_t b = 0; b < UPLOAD_BUFFERS; b++)
            gr_buffer_release(&first->buffers[b]);
        free(first);
    }
}

void gr_shared_lock(shared_objects *shared)
{
    pthread_mutex_lock(&shared->lock);
}

void gr_shared_unlock(shared_objects *shared)
{
    pthread_mutex_unlock(&shared->lock);
}

bool gr_shared_has_branches(const shared_objects *shared)
{
    return shared->branches;
}

/* ---- Programs ---- */

cl_program gr_shared_find_program(const shared_objects *shared, const char *key)
{
    for (const shared_program *p = shared->programs; p != NULL; p = p->next)
        if (strcmp(p->key, key) == 0)
            return p->program;
    return NULL;
}

gradus_status gr_shared_add_program(shared_objects *shared, const char *key, cl_program program)
{
    gradus_status status = GRADUS_OK;
    shared_program *made = NULL;
    TRY(gr_allocate(1, &made));
    TRY(gr_copy_text(key, &made->key));
    made->program = program;
    made->next = shared->programs;
    shared->programs = made;
    made = NULL;
cleanup:
    free(made);
    return status;
}

/* ---- Uploads ---- */

static const shared_upload *find_upload(const shared_objects *shared, const device_upload *how)
{
    const shared_upload *u = shared->uploads;
    while (u != NULL &&
           (u->how.data != how->data || u->how.variant != how->variant || strcmp(u->how.what, how->what) != 0))
        u = u->next;
    return u;
}

/* Other queues may read the buffers as soon as this returns. */
static gradus_status add_upload(gradus_device *device, const device_upload *how)
{
    gradus_status status = GRADUS_OK;
    shared_upload *made = NULL;
    TRY(gr_allocate(1, &made));
    made->how = *how;
    TRY(how->create(device, how->context, made->buffers));
    TRY(gr_device_finish(device));
    made->next = device->shared->uploads;
    device->shared->uploads = made;
    made = NULL;
cleanup:
    for (size_t b = 0; made != NULL && b < UPLOAD_BUFFERS; b++)
        gr_buffer_release(&made->buffers[b]);
    free(made);
    return status;
}

gradus_status gr_device_upload(gradus_device *device, const device_upload *how, cl_mem *buffers)
{
    gradus_status status = GRADUS_OK;
    if (!device->shared->branches)
        return how->create(device, how->context, buffers);
    gr_shared_lock(device->shared);
    if (find_upload(device->shared, how) == NULL)
        TRY(add_upload(device, how));
    const shared_upload *found = find_upload(device->shared, how);
    for (size_t b = 0; b < UPLOAD_BUFFERS && found->buffers[b] != NULL; b++) {
        CL_TRY(clRetainMemObject(found->buffers[b]));
        buffers[b] = found->buffers[b];
    }
cleanup:
    gr_shared_unlock(device->shared);
    return status;
}

/* ---- Branches ---- */

static gradus_status open_branch(const gradus_device *device, shared_objects *shared, gradus_device **out)
{
    gradus_status status = GRADUS_OK;
    gradus_device *branch = NULL;
    TRY(gr_allocate(1, &branch));
    *branch = *device;
    branch->id = NULL;
    branch->context = NULL;
    branch->queue = NULL;
    branch->profile = NULL;
    branch->flushed = false;
    branch->shared = gr_shared_retain(shared);
    memset(branch->at_close, 0, sizeof branch->at_close);
    CL_TRY(clRetainDevice(device->id));
    branch->id = device->id;
    CL_TRY(clRetainContext(device->context));
    branch->context = device->context;
    CL_TRY_NEW(branch->queue, clCreateCommandQueue(branch->context, branch->id, 0, &cl_error), device->info.name);
    *out = branch;
    branch = NULL;
cleanup:
    gradus_device_close(branch);
    return status;
}

gradus_status gr_device_branch(const gradus_device *device, size_t count, gradus_device **branches)
{
    gradus_status status = GRADUS_OK;
    shared_objects *shared = NULL;
    size_t opened = 0;
    TRY(gr_shared_create(&shared));
    shared->branches = true;
    while (opened < count) {
        TRY(open_branch(device, shared, &branches[opened]));
        opened++;
    }
cleanup:
    for (size_t b = 0; status != GRADUS_OK && b < opened; b++)
        gradus_device_close(branches[b]);
    gr_shared_release(shared);
    return status;
}
