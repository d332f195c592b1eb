/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gradus: train multi-layer perceptrons on any OpenCL device.
 *
 * This header is the library's documentation, in two parts. Part 1, the simple API, is all that this complete program
 * needs; it learns to read digits:
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
 * Part 2, the complete API, has everything else, in the same order: data, models, devices, training and its options,
 * tuning, checking, measuring. With these lines before `int failed` the program trains with mini-batches and Adam, and
 * continues an earlier run that was interrupted:
 *
 *     options.batch_size = 32;
 *     options.epochs = 20;
 *     options.optimizer.name = "adam";
 *     options.learning_rate = 0.002f;
 *     options.checkpoints = (gradus_checkpoints){.folder = "digits.run", .keep = 2, .resume = true};
 *
 * Letters used throughout: F input features, H hidden units, C classes, B samples. A matrix has one column per
 * sample and is stored column after column; "X (F x B)" is therefore sample after sample, as data files hold images.
 * Weights are the exception: W (H x F) is stored row after row, one row per unit, as in PyTorch's Linear.
 *
 * The library never prints, never exits, and has no global state but each thread's last error. An object may be used
 * by one thread at a time.
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

#define GRADUS_VERSION_MAJOR 0
#define GRADUS_VERSION_MINOR 1
#define GRADUS_VERSION_PATCH 0

/* ================================================================================================================
 * Part 1: the simple API
 * ================================================================================================================ */

/* ---- Status ----------------------------------------------------------------------------------------------------- */

/*
 * Every function that can fail returns one of these. Zero is success, so calls chain with ||. When a call fails, its
 * outputs are untouched, and gradus_last_error() has one line that says where, what was found and what was expected.
 */
typedef enum gradus_status {
    GRADUS_OK = 0,
    GRADUS_ERROR_ARGUMENT = 1,  /* an argument or option is outside its range, or two contradict each other */
    GRADUS_ERROR_DATA = 2,      /* a file was read but its contents are wrong */
    GRADUS_ERROR_NO_INPUT = 3,  /* a file or data set does not exist or cannot be opened */
    GRADUS_ERROR_NO_DEVICE = 4, /* no OpenCL device, or none that fits the selector */
    GRADUS_ERROR_DEVICE = 5,    /* an OpenCL or CLBlast call failed, or the device is out of memory */
    GRADUS_ERROR_MISMATCH = 6,  /* the device computes other results than the reference */
    GRADUS_ERROR_DIVERGED = 7,  /* the loss is no longer finite */
    GRADUS_ERROR_MEMORY = 8,    /* the host is out of memory */
    GRADUS_ERROR_OUTPUT = 9,    /* a file cannot be created */
    GRADUS_ERROR_IO = 10,       /* reading or writing failed: disk full, device error */
} gradus_status;

/* The message of this thread's last failed call; "" if none has failed. Valid until the next failure. */
GRADUS_API const char *gradus_last_error(void);

/* ---- Data ------------------------------------------------------------------------------------------------------- */

/*
 * Samples with one label each. The samples are X (F x B): bytes 0..255, which the network gets as byte / 255, or
 * floats, which it gets as they are.
 */
typedef struct gradus_dataset gradus_dataset;

typedef struct gradus_data_options gradus_data_options; /* in part 2 */

/*
 * Opens a data set by name or path:
 *
 * - a name such as "digits" or "mnist": a folder of that name in options->data_dir, $GRADUS_DATA_DIR,
 *   $XDG_DATA_HOME/gradus (or ~/.local/share/gradus), beside the program, or in the system's data folders;
 * - a folder with IDX files (http://yann.lecun.com/exdb/mnist) under their usual names, gzipped or not;
 * - a CSV file in the form of Kaggle's digit recognizer (label,pixel0,...), gzipped or not. Its features are floats if
 *   some number has a sign, a decimal point or an exponent, else bytes;
 * - an NPZ as Keras ships MNIST (x_train, y_train, x_test, y_test), or with X and y. X is B x F, B x height x width,
 *   or has one more axis of length 1 for the channel; uint8, float32 or float64, which is rounded; in C order. y has
 *   integers 0..255 of any width.
 *
 * *test is NULL afterwards if the set has no test part. train or test may be NULL if the caller does not need that
 * part; options may be NULL. Statuses: NO_INPUT, DATA (file and position in the message), IO, MEMORY.
 */
GRADUS_API gradus_status gradus_dataset_open(const char *name, const gradus_data_options *options,
                                             gradus_dataset **train, gradus_dataset **test);

/*
 * Creates a data set from samples in memory, which are copied: pixels (width * height x samples), and one label per
 * sample or NULL for none. For samples that are not images, width is F and height is 1.
 */
GRADUS_API gradus_status gradus_dataset_create(const uint8_t *pixels, const uint8_t *labels, size_t samples,
                                               size_t width, size_t height, gradus_dataset **out);

/* The same with float features (width * height x samples). All must be finite: else DATA names sample and feature. */
GRADUS_API gradus_status gradus_dataset_create_floats(const float *features, const uint8_t *labels, size_t samples,
                                                      size_t width, size_t height, gradus_dataset **out);

/* NULL-safe, as all functions that destroy or close. */
GRADUS_API void gradus_dataset_destroy(gradus_dataset *dataset);

/* What a data set can be beside a name, for index 0, 1, ...: "a folder with IDX files", ...; NULL after the last. */
GRADUS_API const char *gradus_dataset_format(size_t index);

/* ---- Models ----------------------------------------------------------------------------------------------------- */

#define GRADUS_LAYERS_MAX 16

/* The function of a hidden unit, of its input z; as PyTorch's modules of the same names, with their defaults. */
typedef enum gradus_activation {
    GRADUS_RELU = 0,       /* max(z, 0) */
    GRADUS_LEAKY_RELU = 1, /* z, for negative z 0.01 z (Maas et al. 2013) */
    GRADUS_SIGMOID = 2,    /* 1 / (1 + exp(-z)) */
    GRADUS_TANH = 3,
    GRADUS_GELU = 4, /* z times the standard normal distribution function of z (Hendrycks and Gimpel 2016) */
    GRADUS_SILU = 5, /* z / (1 + exp(-z)), also called swish (Ramachandran et al. 2017) */
    GRADUS_ELU = 6,  /* z, for negative z exp(z) - 1 (Clevert et al. 2015) */
} gradus_activation;

/*
 * A fully connected network: sizes[0] features, hidden layers, and a softmax over sizes[layers] classes.
 * The notebook's network is {.layers = 2, .sizes = {784, 10, 10}}.
 */
typedef struct gradus_network {
    size_t layers;                       /* L: layers with parameters, 1..GRADUS_LAYERS_MAX */
    size_t sizes[GRADUS_LAYERS_MAX + 1]; /* F, H1, H2, ..., C; C is at most 256 */
    size_t image_width, image_height;    /* of a sample; 0 x 0: a square if F is a square number, else F x 1 */
    gradus_activation activation;        /* of all hidden layers */

    /* Standardised input: (x - mean) / standard deviation, where x is byte / 255 or a float. gradus_dataset_moments()
     * computes both. Standard deviation 0: the input is x. */
    float input_mean, input_deviation;
    bool floats; /* samples are floats, not bytes: gradus_dataset_info.floats */
} gradus_network;

/* A network with its parameters, on the host, and the metadata of its file. */
typedef struct gradus_model gradus_model;

/*
 * Draws every weight and bias from U(-0.5, 0.5), as the notebook does, with a counter-based generator (Philox 4x32-10;
 * Salmon et al. 2011): the same seed gives the same model everywhere. ARGUMENT names the size that is impossible.
 */
GRADUS_API gradus_status gradus_model_create(const gradus_network *network, uint64_t seed, gradus_model **out);

/*
 * Reads a safetensors file with fc1.weight (H x F, float32), fc1.bias, fc2.weight, ...: one of this library's, or one
 * that another program wrote under these names. DATA names the tensor that does not fit; NaN and infinity are refused.
 */
GRADUS_API gradus_status gradus_model_load(const char *path, gradus_model **out);

/* Writes a safetensors file: under another name first, synced, then renamed, so that no half-written file remains. */
GRADUS_API gradus_status gradus_model_save(const gradus_model *model, const char *path);

GRADUS_API void gradus_model_destroy(gradus_model *model);

/* ---- Devices ---------------------------------------------------------------------------------------------------- */

/* A device with its queue and the kernels that were built for it. */
typedef struct gradus_device gradus_device;

/*
 * Opens a device: NULL for the best one (or $GRADUS_DEVICE), "gpu", "cpu", or another selector of
 * gradus_device_choose(). May take seconds if the driver must compile the kernels.
 */
GRADUS_API gradus_status gradus_device_open(const char *selector, gradus_device **out);
GRADUS_API void gradus_device_close(gradus_device *device);

/* ---- Training --------------------------------------------------------------------------------------------------- */

typedef struct gradus_train_options gradus_train_options; /* in part 2 */
typedef struct gradus_train_result gradus_train_result;   /* in part 2 */

/*
 * The notebook's training: 500 full-batch steps with learning rate 0.1, on the fastest engine. Part 2 has all members;
 * the first to change are iterations, learning_rate, batch_size, epochs, optimizer.name, and report, a function that
 * is called as the training proceeds.
 */
GRADUS_API gradus_train_options gradus_train_options_default(void);

/*
 * Gradient descent on the softmax cross-entropy. The samples are uploaded once and stay on the device; the model's
 * parameters are replaced by the trained ones. Before the first iteration the device's loss and gradient on some of
 * the samples are compared with a reference in double precision: MISMATCH if they differ. If the loss stops being
 * finite, the model gets the parameters of the last report with a finite loss, and the status is DIVERGED. If a
 * checkpoint cannot be written, the run ends (OUTPUT, IO), and the earlier checkpoints remain.
 *
 * device may be NULL for engines that need none; result may be NULL.
 */
GRADUS_API gradus_status gradus_train(gradus_device *device, gradus_model *model, const gradus_dataset *dataset,
                                      const gradus_train_options *options, gradus_train_result *result);

/* ---- Using a model ---------------------------------------------------------------------------------------------- */

typedef struct gradus_metrics {
    double loss;     /* mean cross-entropy in nats */
    double accuracy; /* share of the samples whose largest logit is that of their label, 0..1 */
} gradus_metrics;

/*
 * Loss and accuracy of the model over a labelled data set. confusion (C x C, may be NULL) receives at
 * confusion[r * C + c] the number of samples with label r that the model classified as c. With device NULL the host
 * computes, without OpenCL.
 */
GRADUS_API gradus_status gradus_evaluate(gradus_device *device, const gradus_model *model,
                                         const gradus_dataset *dataset, gradus_metrics *metrics, uint64_t *confusion);

/* Probabilities (C x B) of all samples of a data set, labelled or not. With device NULL the host computes. */
GRADUS_API gradus_status gradus_predict(gradus_device *device, const gradus_model *model,
                                        const gradus_dataset *dataset, float *probabilities);

/* ================================================================================================================
 * Part 2: the complete API
 * ================================================================================================================ */

/* ---- Version and status ----------------------------------------------------------------------------------------- */

/* The version of the library in use, as "0.1.0". */
GRADUS_API const char *gradus_version(void);

/* The status's name, "GRADUS_ERROR_DATA". */
GRADUS_API const char *gradus_status_name(gradus_status status);

/* ---- Data ------------------------------------------------------------------------------------------------------- */

struct gradus_data_options {
    const char *data_dir;  /* folder that is searched first for named data sets; NULL: none */
    size_t features;       /* required of every sample; 0: any number */
    bool allow_unlabelled; /* accept a CSV file that has only pixels, and an NPZ without y */
    bool floats;           /* read a CSV file as floats, even if all its numbers are integers 0..255 */
};

/* No folder, any number of features, labels required, and floats where a CSV file has some. */
GRADUS_API gradus_data_options gradus_data_options_default(void);

typedef struct gradus_dataset_info {
    size_t samples;       /* B */
    size_t features;      /* F = width * height */
    size_t width, height; /* of a sample's image; F x 1 if samples are not images */
    size_t classes;       /* C: one more than the largest label when the set was read; 0 without labels */
    bool labelled;
    bool floats; /* X has floats, not bytes */
} gradus_dataset_info;

GRADUS_API gradus_dataset_info gradus_dataset_get_info(const gradus_dataset *dataset);

/* X (F x B), owned by the data set: as bytes, or NULL; and as floats, or NULL. */
GRADUS_API const uint8_t *gradus_dataset_pixels(const gradus_dataset *dataset);
GRADUS_API const float *gradus_dataset_floats(const gradus_dataset *dataset);

/* One class per sample (B), owned by the data set; NULL without labels. */
GRADUS_API const uint8_t *gradus_dataset_labels(const gradus_dataset *dataset);

/* Keeps the first `samples` samples and drops the others. ARGUMENT if there are fewer, or for 0. */
GRADUS_API gradus_status gradus_dataset_truncate(gradus_dataset *dataset, size_t samples);

/*
 * Moves `samples` samples, drawn without replacement by the seed, out of `dataset` into a new set. Both keep the
 * original order of their samples. ARGUMENT unless 0 < samples < B.
 */
GRADUS_API gradus_status gradus_dataset_holdout(gradus_dataset *dataset, size_t samples, uint64_t seed,
                                                gradus_dataset **holdout);

/*
 * Mean and standard deviation over all features of all samples, bytes divided by 255: 0.1307 and 0.3081 for MNIST's
 * training samples. DATA if the standard deviation is 0 (all features are equal).
 */
GRADUS_API gradus_status gradus_dataset_moments(const gradus_dataset *dataset, float *mean, float *deviation);

/* ---- Models ----------------------------------------------------------------------------------------------------- */

/* "relu", "leaky-relu", ..., like the constants; NULL after the last. */
GRADUS_API const char *gradus_activation_name(gradus_activation activation);

/*
 * As gradus_model_create(), with a named initializer:
 *   "uniform"         weights and biases from U(-0.5, 0.5), as in gradus_model_create()
 *   "he"              normal, standard deviation sqrt(2 / inputs); for ReLU (He et al. 2015)
 *   "he-uniform"      uniform, with the same standard deviation
 *   "xavier"          normal, standard deviation sqrt(2 / (inputs + outputs)) (Glorot and Bengio 2010)
 *   "xavier-uniform"  uniform, with the same standard deviation
 * They are PyTorch's kaiming_ and xavier_ initializers. Biases are 0 with all but "uniform". NULL means "uniform";
 * ARGUMENT for an unknown name.
 */
GRADUS_API gradus_status gradus_model_create_with(const gradus_network *network, const char *initializer,
                                                  uint64_t seed, gradus_model **out);

/* The names above, for index 0, 1, ...; NULL after the last. */
GRADUS_API const char *gradus_initializer_name(size_t index);

GRADUS_API const gradus_network *gradus_model_network(const gradus_model *model);

/*
 * Gives access to the parameters of one layer, 0 <= layer < L: weights (sizes[layer + 1] x sizes[layer]), row after
 * row, and bias (sizes[layer + 1]). Both are owned by the model and may be written. ARGUMENT if there is no such
 * layer.
 */
GRADUS_API gradus_status gradus_model_layer(gradus_model *model, size_t layer, float **weights, float **bias);

/* XXH3 of all parameters in file order: equal for two models exactly when (barring chance) all bits are equal. */
GRADUS_API uint64_t gradus_model_hash(const gradus_model *model);

/*
 * Free text in the model file, such as "seed" or "dataset". NULL if there is none under the key. Setting fails with
 * ARGUMENT for text that is not UTF-8, and for keys that the file format uses itself: "format" and "gradus.*".
 */
GRADUS_API const char *gradus_model_get_metadata(const gradus_model *model, const char *key);
GRADUS_API gradus_status gradus_model_set_metadata(gradus_model *model, const char *key, const char *value);

/*
 * Reads a network from another program, whatever its tensors are called: a PyTorch state_dict of Linear layers in a
 * safetensors file (0.weight, 0.bias, 2.weight, ... or fc1.weight, layers.0.weight, ...), or an NPZ from NumPy's
 * savez() or savez_compressed() with such names or with W1, b1, W2, b2, ...; float32, or float64, which is rounded.
 *
 * Layers are ordered by the numbers in their names if every layer has one, else as they are in the file. Weights are
 * (H x F), row after row or, in an NPZ, in Fortran order. A bias is (H) or, in an NPZ, (H x 1); it is zero where there
 * is none. Such a file does not say what is between the layers: the network is assumed to have ReLU there, and to be
 * trained on bytes / 255. DATA names the tensor that is not part of a chain of such layers.
 */
GRADUS_API gradus_status gradus_model_import(const char *path, gradus_model **out);

/*
 * Writes an NPZ for NumPy's load(): fc1.weight (H x F, float32), fc1.bias (H), fc2.weight, ..., uncompressed, and
 * identical for equal models. ARGUMENT above 4 GiB, which this writer's archives cannot hold. As with a model file, no
 * half-written one remains.
 */
GRADUS_API gradus_status gradus_model_export_npz(const gradus_model *model, const char *path);

/*
 * Writes an ONNX model (opset 13) that accepts any number of samples N. "input" is N x 1 x image_height x image_width,
 * or N x F if the samples are not images (one row). It holds bytes as floats, 0..255, which the graph divides by 255
 * itself; or, if the network takes floats, these as they are. The outputs "logits" and "probabilities" are N x C.
 * ARGUMENT above the format's 2 GiB, and in a build without protobuf-c.
 */
GRADUS_API gradus_status gradus_model_export_onnx(const gradus_model *model, const char *path);

/*
 * Writes a GGUF file as ggml's example mnist-eval reads it, with architecture "mnist-fc". ARGUMENT unless the network
 * is 784-H-10; that program has its H compiled in, 500 unless changed.
 */
GRADUS_API gradus_status gradus_model_export_gguf(const gradus_model *model, const char *path);

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
    unsigned compute_units; /* of an open CPU device: the cores in use */
    unsigned clock_mhz;
    uint64_t memory_bytes, max_allocation_bytes, local_memory_bytes;
} gradus_device_info;

/*
 * Lists the devices of all platforms: GPUs before accelerators before CPUs, discrete before integrated, else in
 * OpenCL's order. The caller frees the list with gradus_device_list_free(). The message of NO_DEVICE names the cause
 * (no platform, broken driver, no device) and the places that were searched.
 */
GRADUS_API gradus_status gradus_device_list(gradus_device_info **list, size_t *count);
GRADUS_API void gradus_device_list_free(gradus_device_info *list);

/*
 * Picks from such a list. The selector is an index into it ("0"); OpenCL's own numbers ("P:D"); "gpu" or "cpu"; or
 * part of a name, vendor or platform, in any case. A number beyond the last index counts as part of a name. NULL means
 * $GRADUS_DEVICE, or the first device if that is not set. *reason (static text) says why this one. NO_DEVICE if
 * nothing fits.
 */
GRADUS_API gradus_status gradus_device_choose(const gradus_device_info *list, size_t count, const char *selector,
                                              size_t *index, const char **reason);

/* How a device is used. NULL instead of a text means its default. */
typedef struct gradus_device_options {
    const char *selector; /* as for gradus_device_choose() */
    const char *kernels;  /* those for a "cpu" or for a "gpu"; "auto", the default: those for the device's type */

    /* How the host waits. "sleep": polls from time to time; "spin": waits as the driver does, which may react a little
     * sooner and may keep a core busy; "auto", the default: sleeps, except for CPUs, whose drivers sleep themselves or
     * help with the work. */
    const char *wait;

    /* Cores of a CPU device to use. 0: as many as it has and this process may use, by its affinity and its control
     * groups' quota. */
    size_t threads;

    /* Matrix products of engine "layered": "own" kernels, "clblast", or "auto", the default: the fastest, by a short
     * measurement that is kept in the user's cache. */
    const char *products;

    bool profile; /* the queue records the time of every launch, for gradus_benchmark_profile() */
} gradus_device_options;

GRADUS_API gradus_device_options gradus_device_options_default(void);

/* The values of `kernels`, `wait` and `products`, for index 0, 1, ...; NULL after the last. */
GRADUS_API const char *gradus_device_kernels_name(size_t index);
GRADUS_API const char *gradus_device_wait_name(size_t index);
GRADUS_API const char *gradus_device_products_name(size_t index);

/*
 * gradus_device_open() with options, which may be NULL. ARGUMENT names the option that is impossible: threads of a
 * device that is not a CPU, or more than it has. OpenCL splits off this part of the device (device fission). Some
 * drivers report the part but still use the whole device; then only engine "fused" keeps to the limit.
 */
GRADUS_API gradus_status gradus_device_open_with(const gradus_device_options *options, gradus_device **out);

GRADUS_API const gradus_device_info *gradus_device_get_info(const gradus_device *device);

/* ---- Training options ------------------------------------------------------------------------------------------- */

/*
 * The update of the parameters p by the gradient g: p := p - lr * ..., by the formulas of PyTorch's torch.optim of the
 * same names, where "momentum" and "nesterov" are those of its SGD; "lion" is that of Chen et al. 2023. Numbers that
 * an optimizer does not use are ignored.
 */
typedef struct gradus_optimizer {
    const char *name;   /* one of gradus_optimizer_name(); NULL: the first */
    float momentum;     /* of momentum and nesterov; NaN: 0.9 */
    float beta1, beta2; /* of adam, adamw, nadam and lion; NaN: 0.9, 0.999 (lion: 0.99) */
    float rho;          /* of rmsprop, PyTorch's alpha; NaN: 0.99 */
    float epsilon;      /* added to the root */
    float weight_decay; /* of weights, not of biases: weight_decay * p is added to g; adamw and lion instead
                           begin with p := p - lr * weight_decay * p; 0: none */
    float clip_norm;    /* a gradient whose norm over all parameters is larger is scaled down to it; 0: none */
    float max_norm; /* after each step, the weights into a unit whose norm is larger are scaled down to it; 0: none */
} gradus_optimizer;

/* "sgd", and with another name the defaults of that optimizer: NaN where they differ, epsilon 1e-8, the others 0. */
GRADUS_API gradus_optimizer gradus_optimizer_default(void);

/* "sgd", "momentum", "nesterov", "rmsprop", "adam", ..., for index 0, 1, ...; NULL after the last. */
GRADUS_API const char *gradus_optimizer_name(size_t index);

/*
 * How the learning rate changes. At step u of the U steps after the warm-up it is multiplied by
 *   constant     1
 *   step         gamma^floor(u / decay_every)     PyTorch's StepLR
 *   exponential  gamma^(u / decay_every)          with decay_every 1 PyTorch's ExponentialLR
 *   cosine       (1 + cos(pi u / U)) / 2          PyTorch's CosineAnnealingLR, down to 0
 * and at step t of the warm-up by (t + 1) / warmup.
 */
typedef struct gradus_schedule {
    const char *name;   /* "constant", "step", "exponential" or "cosine"; NULL: constant */
    float gamma;        /* 0: 0.1 */
    size_t decay_every; /* steps; 0: a third of U */
    size_t warmup;      /* steps, fewer than the run has; 0: none */
} gradus_schedule;

/* The names of the schedules, for index 0, 1, ...; NULL after the last. */
GRADUS_API const char *gradus_schedule_name(size_t index);

/*
 * Random distortions of the training images, different for each sample and epoch; only with mini-batches, and only for
 * images of bytes. All zero: none. Each member is the largest amount. Pixel p of the new image is the old image at c +
 * R (p - c - t) / f + e(p), bilinear, black outside, where c is the centre, R rotates, t shifts and f scales, all
 * drawn uniformly by the training's seed. e is a smooth random field: elastic deformation as in Simard, Steinkraus and
 * Platt ("Best practices for convolutional neural networks applied to visual document analysis", 2003; theirs is about
 * elastic = 2), with the control points of a cubic B-spline, 4 cells a side. The bytes are the same on every device
 * and engine.
 */
typedef struct gradus_augmentation {
    float shift;    /* pixels, to each side; less than the image's smaller side */
    float rotation; /* degrees, either way; at most 180 */
    float scale;    /* factors from 1 - scale to 1 + scale; at most 0.5 */
    float elastic;  /* root mean square of the field's displacements, in pixels; less than the smaller side */
} gradus_augmentation;

/*
 * Rules that end a run before its last step. All zero: none.
 *
 * With patience, the model gets the best parameters however the run ends, except by the target accuracy. The training
 * figures lag a little behind the parameters; therefore a target accuracy on the training samples is confirmed by an
 * evaluation of all of them.
 */
typedef struct gradus_stopping {
    size_t patience;        /* evaluations of the holdout in a row without a new best; 0: no limit */
    const char *monitor;    /* which figure decides: "loss" or NULL, the lowest; "accuracy", the highest */
    double target_accuracy; /* 0..1, on the holdout, or without one on the training samples; 0: none */
    double until_converged; /* least relative improvement of the mean training loss from one window of 50 steps (with
                               mini-batches: an epoch) to the next; 0: none */
    double max_seconds;     /* of training and evaluating; steps that are queued then, 0.15 s at most, are completed.
                               0: no limit */
} gradus_stopping;

/* "loss", "accuracy", for index 0, 1; NULL after the last. */
GRADUS_API const char *gradus_monitor_name(size_t index);

/*
 * Checkpoints: files in a folder, each of which has everything that a run needs to continue. An interrupted run is
 * continued by the same call with `resume`, and ends with the same bits and the same reports as an uninterrupted one,
 * identical except for timings. Times include those before the checkpoint.
 *
 * A checkpoint, such as step-000000000500.safetensors, is a safetensors file: fc1.weight, ... are the parameters,
 * float32 or, with engine "reference", float64. It appears complete or not at all, and contains a checksum.
 *
 * With `resume` the newest undamaged checkpoint is used. If there is none, or no folder, the run begins with its first
 * step. ARGUMENT names what differs from the run that wrote the checkpoint: the network, the model's initial
 * parameters, the data, or the option. With engine "auto" the engine is the one that was chosen then. Only
 * max_seconds, threads, the device and the options of the checkpoints themselves may change; another device, driver or
 * number of threads may change the last bits, which gradus_train_start reports. Without `resume` the folder must
 * contain no checkpoint.
 */
typedef struct gradus_checkpoints {
    const char *folder; /* created, with its parents; used by one run at a time. NULL: no checkpoints */
    size_t every;       /* steps between two checkpoints; there is always one at the end. 0: with each report */
    size_t keep;        /* number of checkpoints to keep, the newest; 0: all */
    bool resume;
} gradus_checkpoints;

/* Where a run begins. */
typedef struct gradus_train_start {
    const char *checkpoint; /* the one that the run continues; NULL: none */
    size_t iterations;      /* done before */

    /* Iterations whose reports are final. Those from `reported` on will be reported, even if the interrupted run
     * reported some of them already. */
    size_t reported;

    const char *notes; /* lines of text: checkpoints that were skipped, another device. Each ends with "\n"; "" */
} gradus_train_start;

/* The figures of an iteration's forward pass, before its update; with mini-batches, means over all samples since the
 * previous report. */
typedef struct gradus_report {
    size_t iteration;  /* from 0 */
    size_t iterations; /* of the whole run */
    size_t epoch;      /* from 0; with full batches each iteration is one */
    float learning_rate;
    gradus_metrics train;
    gradus_metrics holdout;    /* of the parameters after the iteration's update; NaN if they were not evaluated */
    double samples_per_second; /* trained on, since the previous report */
    double seconds;            /* from the first step's start to this one's end, without evaluations and checkpoints */
} gradus_report;

struct gradus_train_options {
    /* "auto": the fastest; on a GPU found by measuring, and kept in the user's cache. With OpenCL: "fused", "layered",
     * "sparse" (skips the zeros of X). Without a device: "blas" (threads over OpenBLAS; not in every build),
     * "reference" (plain C on one core, sums in double). */
    const char *engine;

    /* Of engine "blas"; the others use those of their device. 0: as many as the process may use, and at most
     * $OPENBLAS_NUM_THREADS. */
    size_t threads;

    size_t iterations; /* steps of gradient descent, unless epochs is set */

    /* Samples of a step; 0: all. Each epoch has its own order of the samples, determined by `seed` and the epoch, the
     * same on every device and engine. */
    size_t batch_size;
    size_t epochs;  /* passes through the samples; 0: `iterations` counts */
    bool drop_last; /* skip an epoch's last batch if it is short */

    uint64_t seed;       /* of the orders, the augmentation and dropout */
    float learning_rate; /* alpha in W := W - alpha dW */
    gradus_schedule schedule;
    gradus_optimizer optimizer;
    gradus_augmentation augmentation;

    /* Share of each hidden layer's units that a step drops, drawn for each sample and step by `seed`; the others
     * are multiplied by 1 / (1 - share) (Srivastava et al. 2014). Evaluations drop nothing. Below 1; 0: none. */
    float dropout;
    float input_dropout; /* the same for the features */

    /* e: the target is 1 - e for the label plus e / C for every class, as in PyTorch (Szegedy et al. 2016); not in
     * evaluations. At most 1; 0: none. */
    float label_smoothing;

    /* Iterations between two reports: 0, 10, 20, ..., or with mini-batches 9, 19, .... The last iteration and each
     * evaluation are always reported. 0: only those. */
    size_t report_every;

    const gradus_dataset *holdout; /* samples that are not trained on, evaluated at intervals; NULL: none */
    size_t evaluate_every; /* steps between two evaluations; there is always one at the end. 0: with each report */
    gradus_stopping stopping;
    gradus_checkpoints checkpoints;
    void (*start)(const gradus_train_start *start, void *user); /* called once, before the first step. NULL: none */
    void (*report)(const gradus_report *report, void *user);    /* called for each report. NULL: none */
    void *user;

    /* Training ends once *stop is not 0, after the iterations that are queued (the running one, and up to 0.15 s
     * more). A signal handler may set it. NULL: never. */
    const volatile int *stop;
};

/* ---- Training results ------------------------------------------------------------------------------------------- */

/* Why a run ended. */
typedef enum gradus_stop_reason {
    GRADUS_STOP_STEPS = 0,     /* all steps were done */
    GRADUS_STOP_REQUEST = 1,   /* options->stop */
    GRADUS_STOP_TIME = 2,      /* max_seconds */
    GRADUS_STOP_PATIENCE = 3,  /* `patience` evaluations without a new best */
    GRADUS_STOP_TARGET = 4,    /* target_accuracy was reached */
    GRADUS_STOP_CONVERGED = 5, /* until_converged */
} gradus_stop_reason;

/* "steps", "request", "time", "patience", "target", "converged". */
GRADUS_API const char *gradus_stop_reason_name(gradus_stop_reason reason);

struct gradus_train_result {
    const char *engine;      /* the one that was used */
    char plan[2048];         /* how it computes, and the measurements that decided it, as lines of text; or "" */
    size_t iterations;       /* done */
    size_t resumed_from;     /* iterations done before the checkpoint that the run continued; 0: there was none */
    size_t model_iterations; /* done when the model's parameters were reached: fewer if the best ones were restored */
    gradus_stop_reason stopped_by;
    double setup_seconds; /* upload, kernels, the check against the reference */
    double train_seconds; /* from the first step's start to the last one's end, without evaluations and checkpoints */
    double wait_seconds;  /* of these: the host waited for the device. The rest is its own work, beside the device's */
    gradus_metrics train; /* of the model's parameters, over the training samples */
    gradus_metrics holdout; /* and over the holdout; NaN without one */
};

/* ---- Many trainings side by side -------------------------------------------------------------------------------- */

/* A training, and its results. */
typedef struct gradus_training {
    gradus_model *model; /* another one for each training */
    const gradus_train_options *options;
    gradus_train_result result; /* if status is OK */
    gradus_status status;
    char error[512]; /* the message of a failure; "" */
} gradus_training;

/*
 * Does gradus_train() for each of them on the same data, several at a time: on a CPU one for each core that is used,
 * which is faster than one after the other if the networks are small. The samples of mini-batches are on the device
 * once. Each model gets the same bits as alone. start and report are called from different threads, also at the same
 * time, but for one training from one thread. All trainings are tried; the status is that of the first that failed,
 * and the message names it.
 */
GRADUS_API gradus_status gradus_train_many(gradus_device *device, const gradus_dataset *dataset,
                                           gradus_training *trainings, size_t count);

/* ---- Tuning ----------------------------------------------------------------------------------------------------- */

/* The result of the search for one matrix product of a network. */
typedef struct gradus_tune_result {
    const char *product;                  /* "weight gradient 784-128, 41000 samples, pixels" */
    const char *configuration;            /* "own gpu 128x64x16 8x4" */
    double seconds_before, seconds_after; /* equal if nothing better was found */
} gradus_tune_result;

typedef struct gradus_tune_options {
    double seconds; /* after which the search ends, give or take a measurement; 30 by default */
    void (*report)(const gradus_tune_result *result, void *user); /* called for each product; NULL: none */
    void *user;
    const volatile int *stop; /* as in gradus_train_options */
} gradus_tune_options;

GRADUS_API gradus_tune_options gradus_tune_options_default(void);

/*
 * Times all configurations of this network's matrix products on the device, over `samples` samples, as engine
 * "layered" uses them. Each gain is written to the user's cache as soon as it is found, and used by later trainings of
 * such a network. options may be NULL.
 */
GRADUS_API gradus_status gradus_tune(gradus_device *device, const gradus_network *network, size_t samples,
                                     const gradus_tune_options *options);

/* ---- Checking --------------------------------------------------------------------------------------------------- */

/* One comparison of a kernel with the reference. */
typedef struct gradus_check_result {
    const char *kernel; /* "relu_forward" */
    const char *shape;  /* "10 x 129", and if there are several ways: "10 x 129, gelu, dropout" */
    double error;       /* largest error, in units of the tolerance: up to 1 passes */
    bool passed;
} gradus_check_result;

/*
 * Runs every kernel and matrix product on the device over small and awkward shapes and compares the results with the
 * reference in double precision. `report` (may be NULL) is called for each comparison. MISMATCH if any failed.
 */
GRADUS_API gradus_status gradus_check(gradus_device *device,
                                      void (*report)(const gradus_check_result *result, void *user), void *user);

/* ---- Measuring -------------------------------------------------------------------------------------------------- */

/* The highest rates of a device. */
typedef struct gradus_limits {
    double flop_per_second;  /* float32 operations; a multiply-add is two */
    double bytes_per_second; /* read from its memory */
} gradus_limits;

/* Measures them in about a second, with kernels that do nothing else. Nothing else should use the device meanwhile. */
GRADUS_API gradus_status gradus_device_limits(gradus_device *device, gradus_limits *limits);

/* The least work of a computation if no zero is skipped. */
typedef struct gradus_work {
    double flop;
    double bytes;
} gradus_work;

/*
 * That of one full-batch iteration: the operations of the three products of each layer, Z = W A, dW = dZ A^T and,
 * except in the first layer, W^T dZ; and the bytes of X (F x B), read once. ARGUMENT for an impossible network.
 */
GRADUS_API gradus_status gradus_network_work(const gradus_network *network, size_t samples, gradus_work *work);

/* An engine that gradus_train_options.engine can name. */
typedef struct gradus_engine_info {
    const char *name;
    bool needs_device;
} gradus_engine_info;

/* The engines of this build, for index 0, 1, ...; false after the last. */
GRADUS_API bool gradus_engine_get_info(size_t index, gradus_engine_info *info);

/* "auto", then the names of the engines, for index 0, 1, ...; NULL after the last. */
GRADUS_API const char *gradus_engine_name(size_t index);

/* An engine with a data set and a new model's parameters (seed 1), ready to be timed. */
typedef struct gradus_benchmark gradus_benchmark;

/*
 * Creates the engine, compares its loss and gradient with the reference as gradus_train() does (MISMATCH), and warms
 * it up. engine, device and threads: as for gradus_train(). The data set must outlive the benchmark.
 */
GRADUS_API gradus_status gradus_benchmark_create(gradus_device *device, const char *engine,
                                                 const gradus_network *network, const gradus_dataset *dataset,
                                                 size_t threads, gradus_benchmark **out);

/* The least length of a measurement: seconds and iterations. A slow engine stops after ten times these seconds, even
 * with fewer iterations. */
typedef struct gradus_benchmark_options {
    double seconds;           /* 0.3 */
    size_t iterations;        /* 3 */
    const volatile int *stop; /* ends the measurement soon once *stop is not 0; NULL: never */
} gradus_benchmark_options;

GRADUS_API gradus_benchmark_options gradus_benchmark_options_default(void);

typedef struct gradus_benchmark_sample {
    size_t iterations; /* done; 0 if stopped before the first */
    double seconds;    /* of these: forward, loss, backward and update of all samples */
} gradus_benchmark_sample;

/*
 * Times full-batch iterations. Several benchmarks can exist at the same time, so that they can take turns and other
 * load on the machine affects all alike. options may be NULL.
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
 * As gradus_benchmark_measure(), with the time of each kernel; the rest of the time is the host's, and the gaps
 * between launches. ARGUMENT unless the device was opened with the option `profile`. An engine without a device has no
 * kernels.
 */
GRADUS_API gradus_status gradus_benchmark_profile(gradus_benchmark *benchmark, const gradus_benchmark_options *options,
                                                  gradus_profile *profile);

/* The engine's name; for "auto", that of the engine which was chosen. */
GRADUS_API const char *gradus_benchmark_engine(const gradus_benchmark *benchmark);

/* How it computes; as gradus_train_result.plan. */
GRADUS_API const char *gradus_benchmark_plan(const gradus_benchmark *benchmark);

GRADUS_API void gradus_benchmark_destroy(gradus_benchmark *benchmark);

/* The kernels' names in gradus_check_result, for index 0, 1, ...; NULL after the last. */
GRADUS_API const char *gradus_kernel_name(size_t index);

/* One kernel at one shape of a network. */
typedef struct gradus_kernel_result {
    const char *kernel;    /* "relu_forward" */
    const char *shape;     /* "128 x 4500" */
    gradus_work work;      /* of a run: each array it reads or writes counts once */
    double error;          /* of the comparison with the reference, as in gradus_check_result */
    const double *seconds; /* (count), of one run each, by the device's clock */
    size_t count;          /* 0: it was not timed */
    const char *left_out;  /* why it was not timed; NULL: it was */
} gradus_kernel_result;

typedef struct gradus_kernel_benchmark_options {
    const char *kernel; /* one of gradus_kernel_name(); NULL, the default: all */
    size_t repeats;     /* timings of each; 5 */
    double seconds;     /* least length of a timing, which has as many runs as needed; 0.02 */
    void (*report)(const gradus_kernel_result *result, void *user); /* called for each result; NULL: none */
    void *user;
    const volatile int *stop; /* ends the benchmark soon once *stop is not 0; NULL: never */
} gradus_kernel_benchmark_options;

GRADUS_API gradus_kernel_benchmark_options gradus_kernel_benchmark_options_default(void);

/*
 * Compares every kernel and matrix product with the reference at the shapes that it has in a training of the network
 * on all samples of the data set, and times it alone. If the reference would take long, a part of the result is
 * compared. A kernel that differs from the reference is not timed, and the status is then MISMATCH. A kernel that the
 * device or the network does not support is not timed either. ARGUMENT unless the device was opened with the option
 * `profile`. options may be NULL.
 */
GRADUS_API gradus_status gradus_benchmark_kernels(gradus_device *device, const gradus_network *network,
                                                  const gradus_dataset *dataset,
                                                  const gradus_kernel_benchmark_options *options);

/* ---- Estimating ------------------------------------------------------------------------------------------------- */

/*
 * How long a step of engine "fused" would take on a GPU that need not be present, from the plan that it would get there.
 * Nothing is measured: the figures follow from the GPU's data sheet and from what the work-groups do. Note
 * [simplifications of the estimate] in host/device/gpu_estimate.h says what is neglected.
 */

/* The described GPUs, "h100", "rtx3090", ..., for index 0, 1, ...; NULL after the last. */
GRADUS_API const char *gradus_gpu_name(size_t index);

/* A kernel's launch, or its share of a step if it does several steps. Bytes and operations are those of all work-groups.
 * Of the times that other work-groups can hide, the largest is a launch's. */
typedef struct gradus_launch_estimate {
    const char *kernel;     /* "fused_gpu_pass" */
    double launches;        /* of a step; below 1 if a launch does several */
    size_t groups;          /* work-groups, */
    size_t items;           /* work-items of each, */
    size_t groups_per_unit; /* and work-groups of a unit (multiprocessor, ...) at the same time */
    double multiply_adds;
    double local_bytes;  /* to and from local memory and the first-level caches, */
    double cache_bytes;  /* the second-level cache, */
    double memory_bytes; /* and memory */
    double multiply_add_seconds, instruction_seconds, local_seconds, cache_seconds, memory_seconds;
    double loading_seconds; /* in which a work-group waits for the loads of its loops, */
    double waiting_seconds; /* and for barriers, and loads of a few work-items; both are hidden by other work-groups */
    double gap_seconds;     /* from the end of the launch before */
    double seconds;         /* the largest of all that are hidden, as the note says, and the gap */
    const char *bound;      /* what is largest: "instructions", "local memory", "waiting", "launch", ... */
} gradus_launch_estimate;

#define GRADUS_ESTIMATE_LAUNCHES_MAX 4

typedef struct gradus_estimate {
    const char *gpu, *name;                                        /* "h100", "NVIDIA H100 80GB HBM3" */
    size_t units;                                                  /* of the GPU, */
    unsigned clock_mhz;                                            /* and their clock */
    size_t samples, batch;                                         /* batch 0: all samples */
    gradus_launch_estimate launches[GRADUS_ESTIMATE_LAUNCHES_MAX]; /* (launch_count), in their order */
    size_t launch_count;
    double launches_per_step;
    double gpu_seconds;       /* of a step, on the GPU; */
    double host_seconds;      /* what the host needs to submit its launches, at the same time */
    double seconds;           /* the larger one */
    double epoch_seconds;     /* the steps of all samples */
    const char *bound;        /* what binds the slowest launch, or "submission by the host" */
    const char *bound_kernel; /* the slowest launch; NULL: the host is slower than all */
} gradus_estimate;

/*
 * For `samples` samples of bytes in batches of `batch`, 0: all at once, trained by the optimizer of this name (NULL: the
 * first). ARGUMENT for an unknown name or an impossible network; DEVICE if engine "fused" cannot have this network on
 * that GPU.
 */
GRADUS_API gradus_status gradus_estimate_step(const char *gpu, const gradus_network *network, size_t samples,
                                              size_t batch, const char *optimizer, gradus_estimate *out);

#ifdef __cplusplus
}
#endif

#endif
