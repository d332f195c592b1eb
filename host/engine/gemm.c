/* SPDX-License-Identifier: Apache-2.0 */
/* Matrix products by CLBlast. */
#include "engine/gemm.h"
#include "device/profile.h"

#include <clblast_c.h>

static CLBlastTranspose transposition(const gemm_operand *operand)
{
    return operand->transposed ? CLBlastTransposeYes : CLBlastTransposeNo;
}

static size_t leading_dimension(const gemm_operand *operand, size_t rows, size_t columns)
{
    return operand->transposed ? columns : rows;
}

gradus_status gr_gemm_scratch_size(gradus_device *device, const gemm *p, size_t *bytes)
{
    gradus_status status = GRADUS_OK;
    size_t size = 0;
    CL_TRY(CLBlastSGemmTempBufferSize(CLBlastLayoutColMajor, transposition(&p->a), transposition(&p->b), p->m, p->n,
                                      p->k, p->a.offset, leading_dimension(&p->a, p->m, p->k), p->b.offset,
                                      leading_dimension(&p->b, p->k, p->n), p->c.offset, p->m, &device->queue, &size));
    *bytes = size;
cleanup:
    return status;
}

gradus_status gr_gemm_enqueue(gradus_device *device, const gemm *p, cl_mem scratch)
{
    gradus_status status = GRADUS_OK;
    cl_event *event = NULL;
    TRY(gr_profile_next(device, NULL, "CLBlast's gemm", &event));
    CL_TRY(CLBlastSgemmWithTempBuffer(CLBlastLayoutColMajor, transposition(&p->a), transposition(&p->b), p->m, p->n,
                                      p->k, p->alpha, p->a.buffer, p->a.offset, leading_dimension(&p->a, p->m, p->k),
                                      p->b.buffer, p->b.offset, leading_dimension(&p->b, p->k, p->n), p->beta,
                                      p->c.buffer, p->c.offset, p->m, &device->queue, event, scratch));
cleanup:
    return status;
}
