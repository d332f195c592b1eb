/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gradus: train multi-layer perceptrons on any OpenCL device.
 *
 * The whole library is in this header, in the order in which a program uses it: a status, a data set, a model, a
 * device, training, and what can be asked of a trained model. This complete program learns to read digits:
 *
 *     #include <gradus/gradus.h>
 *     #include <stdio.h>
 *
 *     int main(void)
 *     {
 *         gradus_dataset *train = NULL, *test = NULL;
 *         gradus_model *model = NULL;
 *         gradus_device *device = NULL;
 *         gradus_metrics metrics;
 *         gradus_network network = {.layers = 2, .sizes = {784, 10, 10}};
 *         gradus_train_options options = gradus_train_options_default();
 *
 *         int failed = gradus_dataset_open("digits", NULL, &train, &test) ||
 *                      gradus_model_create(&network, 1, &model) || gradus_device_open(NULL, &device) ||
 *                      gradus_train(device, model, train, &options, NULL) ||
 *                      gradus_evaluate(device, model, test, &metrics, NULL) ||
 *                      gradus_model_save(model, "digits.safetensors");
 *         if (failed)
 *             fprintf(stderr, "%s\n", gradus_last_error());
 *         else
 *             printf("test accuracy: %.1f %%\n", 100 * metrics.accuracy);
 *
 *         gradus_device_close(device);
 *         gradus_model_destroy(model);
 *         gradus_dataset_destroy(test);
 *         gradus_dataset_destroy(train);
 *         return failed != 0;
 *     }
 *
 * With these lines before `int failed` it learns from mini-batches by Adam, and goes on where an earlier run was cut off:
 *
 *     options.batch_size = 32;
 *     options.epochs = 20;
 *     options.optimizer.name = "adam";
 *     options.learning_rate = 0.002f;
 *     options.checkpoints = (gradus_checkpoints){.folder = "digits.run", .keep = 2, .resume = true};
 *
 * Letters used throughout: F input features, H hidden units, C classes, B samples. A matrix has one column per
 * sample and is stored column after column; "X (F x B)" is therefore sample after sample, as data files hold images.
 * Weights are the exception: W (H x F) is stored row after row, one row per unit, as PyTorch's Linear has it.
 *
 * The library never prints, never exits and keeps no global state but the thread's last error. Objects may be used
 * from any one thread at a time.
 */
#ifndef GRADUS_H
#define GRADUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define GRADUS_API __attribute__((visibility("default")))
#else
#define GRADUS_API
#endif

/* ---- Version ---------------------------------------------------------------------------------------------------- */

#define GRADUS_VERSION_MAJOR 0
#define GRADUS_VERSION_MINOR 1
#define GRADUS_VERSION_PATCH 0

/* The version of the library in use, as "0.1.0". */
GRADUS_API const char *gradus_version(void);

/* ---- Status ----------------------------------------------------------------------------------------------------- */

/*
 * Every function that can fail returns one of these. Zero is success, so calls chain with ||. When a call fails, its
 * outputs are untouched and gradus_last_error() has one line that says where, what was found and what was expected.
 */
typedef enum gradus_status {
    GRADUS_OK = 0,
    GRADUS_ERROR_ARGUMENT = 1,  /* an argument or option is outside its range, or two do not fit together */
    GRADUS_ERROR_DATA = 2,      /* a file was read but its contents are wrong */
    GRADUS_ERROR_NO_INPUT = 3,  /* a file or data set does not exist or cannot be opened */
    GRADUS_ERROR_NO_DEVICE = 4, /* no OpenCL device, or none that fits the selector */
    GRADUS_ERROR_DEVICE = 5,    /* an OpenCL or CLBlast call failed, or the device lacks memory */
    GRADUS_ERROR_MISMATCH = 6,  /* the device computes something else than the reference does */
    GRADUS_ERROR_DIVERGED = 7,  /* the loss is not a number any more */
    GRADUS_ERROR_MEMORY = 8,    /* the host has no memory left */
    GRADUS_ERROR_OUTPUT = 9,    /* a file cannot be created */
    GRADUS_ERROR_IO = 10,       /* reading or writing broke off: disk full, device error */
} gradus_status;

/* The status's name, "GRADUS_ERROR_DATA". */
GRADUS_API const char *gradus_status_name(gradus_status status);

/* The message of this thread's last failed call; "" when none has failed. Valid until the next failure. */
GRADUS_API const char *gradus_last_error(void);

/* ---- Data ------------------------------------------------------------------------------------------------------- */

/*
 * Samples with one label each: X (F x B) as bytes 0..255, of which the network sees byte / 255, or as floats, which it sees
 * as they are.
 */
typedef struct gradus_dataset gradus_dataset;

typedef struct gradus_dataset_info {
    size_t samples;       /* B */
    size_t features;      /* F = width * height */
    size_t width, height; /* of the image that a sample is; F x 1 where it is none */
    size_t classes;       /* C: one more than the largest label when it was read; 0 without labels */
    bool labelled;
    bool floats; /* X is of floats, not of bytes */
} gradus_dataset_info;

typedef struct gradus_data_options {
    const char *data_dir;  /* folder that is searched before all others for named data sets; NULL: none */
    size_t features;       /* what every sample must have; 0: whatever the data have */
    bool allow_unlabelled; /* accept a CSV file that has pixels only, and an NPZ without y */
    bool floats;           /* a CSV file is of floats, even where all its numbers are integers 0..255 */
} gradus_data_options;

/* No folder, any number of features, labels required, and floats where a CSV file has some. */
GRADUS_API gradus_data_options gradus_data_options_default(void);

/*
 * Opens a data set by name or path: a name such as "digits" or "mnist", looked for as a folder of that name in
 * options->data_dir, $GRADUS_DATA_DIR, $XDG_DATA_HOME/gradus (or ~/.local/share/gradus), beside the program and in the
 * system's data folders; a folder with IDX files (http://yann.lecun.com/exdb/mnist), gzipped or not, under
 * their customary names; a CSV file as Kaggle's digit recognizer has it (label,pixel0,...), gzipped or not; or an NPZ as
 * Keras ships MNIST (x_train, y_train, x_test, y_test), or with X and y: X as B x F, B x height x width or with an axis of 1
 * for the channel, as uint8, float32 or float64, which is rounded, row after row; y as integers 0..255 of any width. A CSV
 * file is of floats where a number has a sign, a decimal point or an exponent, else of bytes.
 * Either output may be NULL where the caller has no use for it. *test is NULL afterwards where the set has no test part.
 * options may be NULL. Statuses: NO_INPUT, DATA (file and position in the message), IO, MEMORY.
 */
GRADUS_API gradus_status gradus_dataset_open(const char *name, const gradus_data_options *options,
                                             gradus_dataset **train, gradus_dataset **test);

/*
 * Makes a data set of samples in memory, which are copied: pixels (width * height x samples) and one label per sample,
 * or NULL for none.
 */
GRADUS_API gradus_status gradus_dataset_create(const uint8_t *pixels, const uint8_t *labels, size_t samples,
                                               size_t width, size_t height, gradus_dataset **out);

/* The same with float features (width * height x samples). DATA, which names sample and feature, unless all are finite. */
GRADUS_API gradus_status gradus_dataset_create_floats(const float *features, const uint8_t *labels, size_t samples,
                                                      size_t width, size_t height, gradus_dataset **out);

/* Keeps the first `samples` samples and forgets the others. ARGUMENT if there are fewer, or for 0. */
GRADUS_API gradus_status gradus_dataset_truncate(gradus_dataset *dataset, size_t samples);

/*
 * Moves `samples` samples, drawn without replacement by the seed, out of `dataset` into a new set. Both keep the order
 * in which the samples stood. ARGUMENT unless 0 < samples < B.
 */
GRADUS_API gradus_status gradus_dataset_holdout(gradus_dataset *dataset, size_t samples, uint64_t seed,
                                                gradus_dataset **holdout);

GRADUS_API gradus_dataset_info gradus_dataset_get_info(const gradus_dataset *dataset);

/*
 * Mean and standard deviation of all features of all samples together, as the network sees them: MNIST's training samples
 * have 0.1307 and 0.3081. A deviation of 0 (all features are equal) is DATA.
 */
GRADUS_API gradus_status gradus_dataset_moments(const gradus_dataset *dataset, float *mean, float *deviation);

/* X (F x B), owned by the data set: as bytes, or NULL; and as floats, or NULL. */
GRADUS_API const uint8_t *gradus_dataset_pixels(const gradus_dataset *dataset);
GRADUS_API const float *gradus_dataset_floats(const gradus_dataset *dataset);

/* One class per sample (B), owned by the data set; NULL without labels. */
GRADUS_API const uint8_t *gradus_dataset_labels(const gradus_dataset *dataset);

GRADUS_API void gradus_dataset_destroy(gradus_dataset *dataset);

/* ---- Models ----------------------------------------------------------------------------------------------------- */

#define GRADUS_LAYERS_MAX 16

/* What the hidden units make of their input z; as PyTorch's modules of the same names, with their defaults. */
typedef enum gradus_activation {
    GRADUS_RELU = 0,       /* max(z, 0) */
    GRADUS_LEAKY_RELU = 1, /* z, for negative z 0.01 z (Maas et al. 2013) */
    GRADUS_SIGMOID = 2,    /* 1 / (1 + exp(-z)) */
    GRADUS_TANH = 3,
    GRADUS_GELU = 4, /* z times the normal distribution's share below z (Hendrycks and Gimpel 2016) */
} gradus_activation;

/* "relu", "leaky-relu", "sigmoid", "tanh", "gelu"; NULL past the last. */
GRADUS_API const char *gradus_activation_name(gradus_activation activation);

/*
 * A fully connected network: sizes[0] features, hidden layers, and a softmax over sizes[layers] classes.
 * The notebook's network is {.layers = 2, .sizes = {784, 10, 10}}.
 */
typedef struct gradus_network {
    size_t layers;                       /* L: layers with parameters, 1..GRADUS_LAYERS_MAX */
    size_t sizes[GRADUS_LAYERS_MAX + 1]; /* F, H1, H2, ..., C; C is at most 256 */
    size_t image_width, image_height;    /* what a sample looks like; 0 x 0: a square if F is one, else F x 1 */
    gradus_activation activation;        /* of all hidden layers */
    float input_mean, input_deviation;   /* the network sees (x - mean) / deviation, where x is byte / 255 or a float;
                                          deviation 0: x itself. gradus_dataset_moments() has them */
    bool floats;                         /* it takes samples of floats, not of bytes: gradus_dataset_info.floats */
} gradus_network;

/* A network with its parameters on the host and what a model file says of their origin. */
typedef struct gradus_model gradus_model;

/*
 * Draws every weight and bias from U(-0.5, 0.5), as the notebook does, by a counter-based generator (Philox 4x32-10;
 * Salmon et al. 2011): the same seed gives the same model everywhere. ARGUMENT names the size that cannot be.
 */
GRADUS_API gradus_status gradus_model_create(const gradus_network *network, uint64_t seed, gradus_model **out);

/*
 * Likewise with a named initializer: "uniform" is the one above; "he" draws weights from a normal distribution of deviation
 * sqrt(2 / inputs) (He et al. 2015, for ReLU), "xavier" of sqrt(2 / (inputs + outputs)) (Glorot and Bengio 2010);
 * "he-uniform" and "xavier-uniform" draw from uniform distributions of the same deviations. Biases are 0 with all but
 * "uniform". These are PyTorch's kaiming_ and xavier_ initialisers. ARGUMENT for an unknown name.
 */
GRADUS_API gradus_status gradus_model_create_with(const gradus_network *network, const char *initializer,
                                                  uint64_t seed, gradus_model **out);

/*
 * Reads a safetensors file with fc1.weight (H x F, float32), fc1.bias, fc2.weight, ...: one of ours, or one that any
 * other program wrote under these names. DATA names the tensor that does not fit, and refuses NaN and infinity.
 */
GRADUS_API gradus_status gradus_model_load(const char *path, gradus_model **out);

/* Writes a safetensors file: beside the target first, synced, then renamed, so that no half-written file remains. */
GRADUS_API gradus_status gradus_model_save(const gradus_model *model, const char *path);

/*
 * Reads a network that was made elsewhere, whatever its tensors are called: a PyTorch state_dict of Linear layers in a
 * safetensors file (0.weight, 0.bias, 2.weight, ... or fc1.weight, layers.0.weight, ...), or an NPZ of NumPy's savez()
 * or savez_compressed() with such names or with W1, b1, W2, b2, ...; float32 or float64, which is rounded. Layers are
 * taken in the order of the numbers in their names if every layer has one, else as they stand in the file. Weights are
 * (H x F), row after row or, in an NPZ, in Fortran's order; a bias is (H) or, in an NPZ, (H x 1), and zero where there
 * is none. Such a file does not say what lies between the layers: the network is taken for one of ours, trained on
 * bytes / 255 with ReLU. DATA names the tensor that is no part of a chain of such layers.
 */
GRADUS_API gradus_status gradus_model_import(const char *path, gradus_model **out);

/*
 * Writes an NPZ for NumPy's load(): fc1.weight (H x F, float32), fc1.bias (H), fc2.weight, ..., not packed, and equal
 * for equal models. ARGUMENT past 4 GiB, which this writer's archives do not hold. As with a model file, no half-written
 * one remains.
 */
GRADUS_API gradus_status gradus_model_export_npz(const gradus_model *model, const char *path);

/*
 * Writes an ONNX model (opset 13) that any number of samples N can be given: "input" holds bytes as floats, 0..255,
 * which the graph itself divides by 255, or of a network that takes floats these as they are, as N x 1 x image_height x image_width, or where the samples are no images
 * (one row) as N x F; "logits" and "probabilities" come out, N x C. ARGUMENT for more than the 2 GiB of the format,
 * and in a build without protobuf-c.
 */
GRADUS_API gradus_status gradus_model_export_onnx(const gradus_model *model, const char *path);

/*
 * Writes a GGUF file as ggml's example mnist-eval reads it, with architecture "mnist-fc". ARGUMENT unless the network
 * is 784-H-10; that program has its H compiled in, 500 unless changed.
 */
GRADUS_API gradus_status gradus_model_export_gguf(const gradus_model *model, const char *path);

GRADUS_API const gradus_network *gradus_model_network(const gradus_model *model);

/*
 * Gives access to the parameters of one layer, 0 <= layer < L: weights (sizes[layer + 1] x sizes[layer]), row after row,
 * and bias (sizes[layer + 1]). Both are owned by the model and may be written. ARGUMENT if there is no such layer.
 */
GRADUS_API gradus_status gradus_model_layer(gradus_model *model, size_t layer, float **weights, float **bias);

/* XXH3 of all parameters in file order: equal for two models exactly when (barring chance) all bits are equal. */
GRADUS_API uint64_t gradus_model_hash(const gradus_model *model);

/*
 * Free text kept in the model file, such as "seed" or "dataset". NULL when there is none under the key. Setting fails
 * with ARGUMENT for text that is not UTF-8 and for keys that the file format uses itself: "format" and "gradus.*".
 */
GRADUS_API const char *gradus_model_get_metadata(const gradus_model *model, const char *key);
GRADUS_API gradus_status gradus_model_set_metadata(gradus_model *model, const char *key, const char *value);

GRADUS_API void gradus_model_destroy(gradus_model *model);

/* ---- Devices ---------------------------------------------------------------------------------------------------- */

typedef enum gradus_device_type {
    GRADUS_DEVICE_GPU = 0,
    GRADUS_DEVICE_ACCELERATOR = 1,
    GRADUS_DEVICE_CPU = 2,
} gradus_device_type;

typedef struct gradus_device_info {
    char name[128], vendor[128], version[128], driver[128], platform[128];
    gradus_device_type type;
    bool discrete;           /* has memory of its own */
    unsigned platform_index; /* P and D of the selector "P:D": the order in which OpenCL lists them */
    unsigned device_index;
    unsigned compute_units; /* of an open CPU device: the cores that are used */
    unsigned clock_mhz;
    uint64_t memory_bytes, max_allocation_bytes, local_memory_bytes;
} gradus_device_info;

/*
 * Lists the devices of all platforms: GPUs before accelerators before CPUs, discrete before integrated, else in
 * OpenCL's order. The caller frees the list with gradus_device_list_free(). NO_DEVICE says which of the possible
 * causes it is (no platform, broken driver, no device) and what was looked at.
 */
GRADUS_API gradus_status gradus_device_list(gradus_device_info **list, size_t *count);
GRADUS_API void gradus_device_list_free(gradus_device_info *list);

/*
 * Picks from such a list. The selector is an index into it ("0"), OpenCL's own numbers ("P:D"), "gpu", "cpu", or part of
 * a name, vendor or platform in any case, which a number beyond the last index is as well; NULL means $GRADUS_DEVICE, and where that is unset the first device.
 * *reason (static text) says why this one. NO_DEVICE if nothing fits.
 */
GRADUS_API gradus_status gradus_device_choose(const gradus_device_info *list, size_t count, const char *selector,
                                              size_t *index, const char **reason);

/* A device with its queue and the library's kernels built for it. */
typedef struct gradus_device gradus_device;

/* How a device is used. A NULL text stands for its default. */
typedef struct gradus_device_options {
    const char *selector; /* as gradus_device_choose() has it */
    const char *kernels;  /* those made for what is a "cpu" or a "gpu"; "auto", the default: as the device's type is */
    const char *wait;     /* how the host waits: "sleep" and looks from time to time; "spin": leaves it to the driver,
                             which may be a little quicker and may keep a core busy; "auto", the default: sleeps,
                             except for CPUs, whose drivers sleep themselves or help with the work */
    size_t threads;       /* cores of a CPU device that are used. 0: as many as it has and this process may use, by its
                             affinity and its control groups' quota */
    const char *products; /* who computes matrix products where an engine is made of them: "own" kernels, "clblast", or
                             "auto", the default: the fastest, by a short measurement that the user's cache keeps */
    bool profile;         /* the queue keeps the time of every launch, for gradus_benchmark_profile() */
} gradus_device_options;

GRADUS_API gradus_device_options gradus_device_options_default(void);

/*
 * Lists, chooses and opens. Takes a second or so where the driver must compile the kernels. ARGUMENT names the option
 * that cannot be: threads of what is not a CPU, or more than it has. options may be NULL. The threads are a part of the
 * device that OpenCL cuts off (device fission): drivers are known that show the part and use the whole all the same,
 * which limits the engine "fused", but not the others.
 */
GRADUS_API gradus_status gradus_device_open_with(const gradus_device_options *options, gradus_device **out);

/* The same with a selector and nothing else out of the ordinary. */
GRADUS_API gradus_status gradus_device_open(const char *selector, gradus_device **out);
GRADUS_API const gradus_device_info *gradus_device_get_info(const gradus_device *device);
GRADUS_API void gradus_device_close(gradus_device *device);

/* ---- Training --------------------------------------------------------------------------------------------------- */

typedef struct gradus_metrics {
    double loss;     /* mean cross-entropy in nats */
    double accuracy; /* share of samples whose largest logit is at their label, 0..1 */
} gradus_metrics;

/* What a report tells: the figures of iteration `iteration`'s forward pass, before its update; counted from 0. Of
 * mini-batches, it is the mean over all samples that were seen since the report before. */
typedef struct gradus_report {
    size_t iteration;
    size_t iterations; /* the run's length */
    size_t epoch;      /* from 0; of full batches each iteration is one */
    float learning_rate;
    gradus_metrics train;
    gradus_metrics holdout;    /* of the parameters behind the iteration's update; NaN where it was not evaluated */
    double samples_per_second; /* trained on, since the report before */
    double seconds; /* from the first iteration's begin to this one's end, without those that evaluations took */
} gradus_report;

/* What a step does with the gradient g: p := p - lr * ..., by the formulas of PyTorch's torch.optim of the same names, where
 * "momentum" and "nesterov" are those of its SGD. Numbers that an optimizer does not use are ignored. */
typedef struct gradus_optimizer {
    const char *name;   /* "sgd", "momentum", "nesterov", "rmsprop", "adam" or "adamw" */
    float momentum;     /* of momentum and nesterov; 0.9 */
    float beta1, beta2; /* of adam and adamw; 0.9, 0.999 */
    float rho;          /* of rmsprop, PyTorch's alpha; 0.99 */
    float epsilon;      /* beside the root; 1e-8 */
    float weight_decay; /* of weights, not of biases: weight_decay * p is added to g; for adamw the first thing is
                           p := p - lr * weight_decay * p; 0 */
    float clip_norm;    /* a gradient with a larger norm, all parameters together, is shortened to it; 0: none */
    float max_norm;     /* after each step, weights into one unit with a larger norm are shortened to it; 0: none */
} gradus_optimizer;

/* "sgd" and the numbers above. */
GRADUS_API gradus_optimizer gradus_optimizer_default(void);

/*
 * How the learning rate changes. At step u of the U behind the warm-up it is multiplied with
 *   constant     1
 *   step         gamma^floor(u / decay_every)     PyTorch's StepLR
 *   exponential  gamma^(u / decay_every)          with decay_every 1 PyTorch's ExponentialLR
 *   cosine       (1 + cos(pi u / U)) / 2          PyTorch's CosineAnnealingLR, down to 0
 * and at step t of the warm-up with (t + 1) / warmup.
 */
typedef struct gradus_schedule {
    const char *name;   /* "constant", "step", "exponential" or "cosine"; NULL: constant */
    float gamma;        /* 0: 0.1 */
    size_t decay_every; /* steps; 0: a third of U */
    size_t warmup;      /* steps, fewer than the run has; 0: none */
} gradus_schedule;

/*
 * How the training's images are changed, anew for each sample and epoch, each number by up to what is given; of mini-batches
 * only, and of samples that are images of bytes. All zero: they are not. Pixel p of the new image is the old one's at
 * c + R (p - c - t) / f + e(p), bilinear, black outside, where c is the middle, R rotates, t shifts and f scales, all drawn
 * uniformly by the training's seed, and e is a smooth random field: elastic deformation as Simard, Steinkraus and Platt
 * have it ("Best practices for convolutional neural networks applied to visual document analysis", 2003; theirs is about
 * elastic = 2), with the control points of a cubic B-spline, 4 cells a side. The bytes are the same on every device and engine.
 */
typedef struct gradus_augmentation {
    float shift;    /* pixels, to each side; less than the image's smaller side */
    float rotation; /* degrees, to either side; at most 180 */
    float scale;    /* factors from 1 - scale to 1 + scale; at most 0.5 */
    float elastic;  /* root mean square of the field's displacements, in pixels; less than the smaller side */
} gradus_augmentation;

/*
 * What ends a run before its last step. All zero: nothing does.
 *
 * With patience, the model gets the best parameters back, however the run ends, unless by the target. The training's own
 * figures are those of a moment before; so that they reach the target is confirmed by an evaluation of all training
 * samples.
 */
typedef struct gradus_stopping {
    size_t patience;        /* evaluations of the holdout in a row without a new best; 0: any number */
    const char *monitor;    /* what is best: "loss", or NULL: the least; "accuracy": the greatest */
    double target_accuracy; /* 0..1, on the holdout, or without one on the training samples; 0: none */
    double until_converged; /* least relative improvement of the mean training loss from a window of 50 steps, or of
                               mini-batches an epoch, to the next; 0: none */
    double max_seconds; /* of training and evaluating; what is queued then, 0.15 s at most, is done. 0: any number */
} gradus_stopping;

/* Why a run ended. */
typedef enum gradus_stop_reason {
    GRADUS_STOP_STEPS = 0,     /* all steps were done */
    GRADUS_STOP_REQUEST = 1,   /* options->stop */
    GRADUS_STOP_TIME = 2,      /* max_seconds */
    GRADUS_STOP_PATIENCE = 3,  /* no new best for so many evaluations */
    GRADUS_STOP_TARGET = 4,    /* target_accuracy is reached */
    GRADUS_STOP_CONVERGED = 5, /* until_converged */
} gradus_stop_reason;

/* "steps", "request", "time", "patience", "target", "converged". */
GRADUS_API const char *gradus_stop_reason_name(gradus_stop_reason reason);

/*
 * Checkpoints: files in a folder of which each holds all that a run goes on from. A run that was cut off, by whatever, is
 * continued by the same call with `resume`, and ends with the same bits and the same reports as one that was not; only
 * times differ. What came before counts: seconds go on from those of the checkpoint.
 *
 * A checkpoint, step-000000000500.safetensors, is a safetensors file: fc1.weight, ... are the parameters, float32 or, of
 * engine "reference", float64. It appears whole or not at all, and holds a checksum.
 *
 * With `resume` the newest checkpoint that is not damaged is taken; where there is none, also no folder, the run begins with
 * its first step. ARGUMENT names what does not agree with the run that the checkpoint is of: the network, the model's
 * parameters at the begin, the data, or the option; with engine "auto" the engine is the one that was taken then. Only
 * max_seconds, threads, device and what concerns the checkpoints themselves may be others; but another device, driver or
 * number of threads may compute other last bits, which gradus_train_start tells. Without `resume` the folder must have no
 * checkpoints.
 */
typedef struct gradus_checkpoints {
    const char *folder; /* made, with those it lies in, if it is not there; one run at a time uses it. NULL: no checkpoints */
    size_t every;       /* steps from one to the next; the run's end has one as well. 0: each of report_every */
    size_t keep;        /* how many remain, the newest; 0: all */
    bool resume;
} gradus_checkpoints;

/* Where a run begins. */
typedef struct gradus_train_start {
    const char *checkpoint; /* that it goes on from; NULL: none */
    size_t iterations;      /* done until then */
    size_t reported;   /* of these, until the last report that counts: the next one follows it, and iterations from
                               `reported` on that were reported before are reported again, or were so for a stop only */
    const char *notes; /* lines of text: checkpoints that were skipped, another device. Each ends with "\n"; "" */
} gradus_train_start;

typedef struct gradus_train_options {
    const char *engine;  /* "auto": the fastest; on a GPU found by trying, and remembered in the user's cache. "fused",
                           "sparse" (skips the zeros of X), "layered": OpenCL. "blas" (threads over OpenBLAS; not in
                           every build), "reference" (plain C on one core, sums in double): no device */
    size_t threads;      /* of engine "blas"; the others have those of their device. 0: as many as the process may use,
                           and at most $OPENBLAS_NUM_THREADS */
    size_t iterations;   /* steps of gradient descent, unless epochs says how many */
    size_t batch_size;   /* samples of a step; 0: all. Fewer are taken from the epoch's own order, which `seed` and the
                           epoch determine, on every device and engine alike */
    size_t epochs;       /* passes through the samples; 0: `iterations` counts */
    bool drop_last;      /* leave out an epoch's last batch where it is short */
    uint64_t seed;       /* of the orders, the augmentation, and of what is left out */
    float learning_rate; /* alpha in W := W - alpha dW */
    gradus_schedule schedule;
    gradus_optimizer optimizer;
    gradus_augmentation augmentation;
    float dropout;         /* share of each hidden layer's units that a step leaves out, drawn anew for each sample and
                              step by `seed`; the others count 1 / (1 - share) times (Srivastava et al. 2014). Nothing is
                              left out of an evaluation. Below 1; 0: none */
    float input_dropout;   /* likewise of the features that the network sees */
    float label_smoothing; /* e: the loss compares with (1 - e) of the label and e / C of every class, as PyTorch's
                              (Szegedy et al. 2016); evaluations do not. At most 1; 0: none */
    size_t report_every;   /* iterations between two reports: 0, 10, 20, ..., or of mini-batches 9, 19, ...; the last
                            iteration and each evaluation are always reported. 0: only those */
    const gradus_dataset *holdout; /* samples that are not trained on, to be evaluated every so often; NULL: none */
    size_t evaluate_every; /* steps between two evaluations; the last step has one as well. 0: at each report */
    gradus_stopping stopping;
    gradus_checkpoints checkpoints;
    void (*start)(const gradus_train_start *start, void *user); /* called once, before the first step. NULL: none */
    void (*report)(const gradus_report *report, void *user);    /* NULL: none */
    void *user;
    const volatile int *stop; /* once *stop is not 0, training ends after the iterations that are queued: the running
                                 one, and what else takes 0.15 s at most. A signal handler may set it. NULL: never */
} gradus_train_options;

/* The notebook's configuration: auto, 500 iterations, learning rate 0.1, a report every 10. Of checkpoints, if there are any, the
 * newest two are kept. */
GRADUS_API gradus_train_options gradus_train_options_default(void);

typedef struct gradus_train_result {
    const char *engine;  /* the engine that was used */
    char plan[2048];     /* what it decided about how to compute, and the times that led to it, as lines of text; "" */
    size_t iterations;   /* done */
    size_t resumed_from; /* of these, done before the checkpoint that the run went on from; 0: it had none */
    size_t model_iterations; /* whose parameters the model has: fewer where the best ones were taken back */
    gradus_stop_reason stopped_by;
    double setup_seconds; /* upload, kernels, the check against the reference */
    double train_seconds; /* from the first iteration's start to the last one's end, without the evaluations between */
    double wait_seconds;  /* of these: the host waited for the device. The rest is its own work, beside the device's */
    gradus_metrics train; /* of the model's parameters */
    gradus_metrics holdout; /* the same; NaN without a holdout */
} gradus_train_result;

/*
 * Gradient descent on the softmax cross-entropy. The samples are uploaded once and stay on the device; the
 * model's parameters are replaced by the trained ones. Before the first iteration the device's loss and gradient on a
 * few samples are compared with the reference: MISMATCH if they differ. When the loss stops being a finite number, the
 * model keeps the parameters of the last report that was fine, and the status is DIVERGED. A checkpoint that cannot be
 * written (OUTPUT, IO) ends the run; those before it remain.
 * device may be NULL for the engines that need none. result may be NULL.
 */
GRADUS_API gradus_status gradus_train(gradus_device *device, gradus_model *model, const gradus_dataset *dataset,
                                      const gradus_train_options *options, gradus_train_result *result);

/* ---- Tuning ----------------------------------------------------------------------------------------------------- */

/* What a search has found for one product of a network. */
typedef struct gradus_tune_result {
    const char *product;                  /* "weight gradient 784-128, 41000 samples, pixels" */
    const char *configuration;            /* "own gpu 128x64x16 8x4" */
    double seconds_before, seconds_after; /* equal where nothing better was found */
} gradus_tune_result;

typedef struct gradus_tune_options {
    double seconds; /* after which the search ends, give or take a measurement; 30 by default */
    void (*report)(const gradus_tune_result *result, void *user); /* called for each product; NULL: none */
    void *user;
    const volatile int *stop; /* as in gradus_train_options */
} gradus_tune_options;

GRADUS_API gradus_tune_options gradus_tune_options_default(void);

/*
 * Tries on the device all configurations of the matrix products of this network, over so many samples, as engine
 * "layered" has them. Each gain is written to the user's cache as it is found, and used by who trains such a network
 * from then on. options may be NULL.
 */
GRADUS_API gradus_status gradus_tune(gradus_device *device, const gradus_network *network, size_t samples,
                                     const gradus_tune_options *options);

/* ---- Using a model ---------------------------------------------------------------------------------------------- */

/*
 * Loss and accuracy of the model over a labelled data set. confusion (C x C, may be NULL) receives the number of samples
 * with label r that were taken for class c at confusion[r * C + c]. With device NULL the host computes
 * without OpenCL.
 */
GRADUS_API gradus_status gradus_evaluate(gradus_device *device, const gradus_model *model,
                                         const gradus_dataset *dataset, gradus_metrics *metrics, uint64_t *confusion);

/* Probabilities (C x samples) of all samples of a data set, labelled or not. With device NULL the host computes. */
GRADUS_API gradus_status gradus_predict(gradus_device *device, const gradus_model *model,
                                        const gradus_dataset *dataset, float *probabilities);

/* One comparison of a kernel with the reference. */
typedef struct gradus_check_result {
    const char *kernel; /* "relu_forward" */
    const char *shape;  /* "H=17 B=63" */
    double error;       /* largest error, in units of what is tolerated: up to 1 is fine */
    bool passed;
} gradus_check_result;

/*
 * Runs every kernel and GEMM on the device over small and awkward shapes and compares with the reference in double.
 * `report` (may be NULL) is called for each comparison. MISMATCH if any failed.
 */
GRADUS_API gradus_status gradus_check(gradus_device *device,
                                      void (*report)(const gradus_check_result *result, void *user), void *user);

/* ---- Measuring --------------------------------------------------------------------------------------------------- */

/* What a device can do at best. */
typedef struct gradus_limits {
    double flop_per_second;  /* float32 operations; a multiply-add is two */
    double bytes_per_second; /* read from its memory */
} gradus_limits;

/* Measures them by kernels that do nothing else, in about a second; to be right they need the
 * device for themselves. */
GRADUS_API gradus_status gradus_device_limits(gradus_device *device, gradus_limits *limits);

/* The least that one full-batch iteration must do where no zero is skipped. */
typedef struct gradus_work {
    double flop;  /* of the three products of each layer: Z = W A, dW = dZ A^T and, but for the first layer, W^T dZ */
    double bytes; /* X (F x B), read once */
} gradus_work;

/* ARGUMENT for a network that cannot be. */
GRADUS_API gradus_status gradus_network_work(const gradus_network *network, size_t samples, gradus_work *work);

/* An engine that gradus_train_options.engine can name. */
typedef struct gradus_engine_info {
    const char *name;
    bool needs_device;
} gradus_engine_info;

/* The engines of this build, index from 0 on; false past the last. */
GRADUS_API bool gradus_engine_get_info(size_t index, gradus_engine_info *info);

/* An engine with a data set and a new model's parameters (seed 1), ready to be timed. */
typedef struct gradus_benchmark gradus_benchmark;

/*
 * Makes the engine, compares its loss and gradient with the reference as gradus_train() does (MISMATCH), and warms it up.
 * engine, device and threads: as for gradus_train(). The data set must outlive the benchmark.
 */
GRADUS_API gradus_status gradus_benchmark_create(gradus_device *device, const char *engine,
                                                 const gradus_network *network, const gradus_dataset *dataset,
                                                 size_t threads, gradus_benchmark **out);

/* How long is measured: at least so many seconds and iterations; but a slow engine, which needs more than ten times as long
 * for these iterations, ends there. */
typedef struct gradus_benchmark_options {
    double seconds;           /* 0.3 */
    size_t iterations;        /* 3 */
    const volatile int *stop; /* ends the measurement soon once *stop is not 0; NULL: never */
} gradus_benchmark_options;
GRADUS_API gradus_benchmark_options gradus_benchmark_options_default(void);

typedef struct gradus_benchmark_sample {
    size_t iterations; /* done; 0 if stopped before the first */
    double seconds;    /* that they took: forward, loss, backward and update of all samples */
} gradus_benchmark_sample;

/*
 * Times full-batch iterations. Several benchmarks can exist side by side, so that they take turns and what else the machine
 * does hits them alike. options may be NULL.
 */
GRADUS_API gradus_status gradus_benchmark_measure(gradus_benchmark *benchmark, const gradus_benchmark_options *options,
                                                  gradus_benchmark_sample *sample);

#define GRADUS_KERNEL_NAME_MAX 64
#define GRADUS_PROFILE_KERNELS_MAX 64

typedef struct gradus_kernel_time {
    char name[GRADUS_KERNEL_NAME_MAX];
    size_t launches;
    double seconds; /* of all launches, by the device's clock */
} gradus_kernel_time;

typedef struct gradus_profile {
    gradus_benchmark_sample sample; /* the iterations and their time from start to end, by the host's clock */
    gradus_kernel_time kernels[GRADUS_PROFILE_KERNELS_MAX]; /* (kernel_count), in the order of their first launch */
    size_t kernel_count;
} gradus_profile;

/*
 * As gradus_benchmark_measure(), and tells where the time went; what no kernel took is the host's and the gaps between
 * launches. ARGUMENT unless the device was opened with the option `profile`. An engine without a device has no kernels.
 */
GRADUS_API gradus_status gradus_benchmark_profile(gradus_benchmark *benchmark, const gradus_benchmark_options *options,
                                                  gradus_profile *profile);

/* The engine's name, which tells what "auto" took. */
GRADUS_API const char *gradus_benchmark_engine(const gradus_benchmark *benchmark);

/* What it decided about how to compute; as gradus_train_result.plan. */
GRADUS_API const char *gradus_benchmark_plan(const gradus_benchmark *benchmark);

GRADUS_API void gradus_benchmark_destroy(gradus_benchmark *benchmark);

#ifdef __cplusplus
}
#endif

#endif
