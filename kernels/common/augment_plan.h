// SPDX-License-Identifier: Apache-2.0
// Augmented images, for devices and, by host/data/augment.h, for the host. Pixel p of an augmented image is the
// original's interpolated value at
//
//   c + R (p - c - t) / f + e(p)      c: the middle; t, f and the angle of the rotation R: drawn for each sample and epoch
//
// and black outside. The elastic displacement e is a cubic B-spline over control points with random displacements, on
// a grid of 4 x 4 cells over the image. Simard, Steinkraus, Platt 2003 ("Best practices for convolutional neural
// networks applied to visual document analysis") smooth a random field with a Gaussian of 4 pixels, for images of 29;
// a cubic B-spline is nearly a Gaussian with a standard deviation of 1 / sqrt(3) cells, which is 4.2 of 29 pixels.
//
// All arithmetic is on integers, so that the bytes are the same everywhere: coordinates and matrices are in 1/65536,
// displacements of control points in 1/256 of a pixel, weights of splines in 1/1024.

#pragma once

// Control points along a side: those of 4 cells, and the three more that the last cell needs.
#define CONTROL_CELLS 4
#define CONTROL_POINTS (CONTROL_CELLS + 3)

// Pixels of a row that are computed together.
#define PIECE 16

// The common data of all samples. The weights of the control points in each column follow it, then those in each row:
// CONTROL_POINTS x column_stride, CONTROL_POINTS x height.
typedef struct augment_plan {
    unsigned int key[2]; // of the random numbers
    int width, height;
    int column_stride;                   // width, rounded up to full pieces
    int shift, rotation, scale, elastic; // the largest random values; the rotation in 2^-32 turns
} augment_plan;

// The transformation of a sample's image: the source of pixel (x, y) is (at_x + cosine x + sine y, at_y - sine x +
// cosine y), plus the displacement by the control points (rows x columns).
typedef struct transform {
    int at_x, at_y, cosine, sine;
    int field_x[CONTROL_POINTS * CONTROL_POINTS], field_y[CONTROL_POINTS * CONTROL_POINTS];
} transform;
