/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first layer's products with compressed X (compressed.h), Z1 = W1 X with bias and ReLU and dW1 = dZ1 X^T. They
 * visit only the pixels that are not zero: the same sums without their zero terms. Kernels: for CPUs
 * kernels/sparse/sparse_cpu.cl, for GPUs kernels/sparse/sparse_gpu.cl.
 */
#ifndef GRADUS_ENGINE_SPARSE_PRODUCTS_H
#define GRADUS_ENGINE_SPARSE_PRODUCTS_H

#include "engine/layered/first_products.h"

extern const first_products_type gr_sparse_products;

#endif
