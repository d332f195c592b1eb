/* SPDX-License-Identifier: Apache-2.0 */
/* The checks of operations are not vacuous: each notices a small fault in its kernel. The kernels are the same in
 * every build of the host's code, so only one build has this test; and they are compiled without optimisation, which
 * takes a third of the time. */
#include "assert_close.h"
#include "check/check.h"
#include "device/kernel_table.h"
#include "emulate_tensor_cores.h"
#include "with_device.h"

#include <sys/stat.h>
#include <unistd.h>

static gradus_device *device;

static const struct {
    const char *operation, *file, *right, *wrong;
} faults[] = {
    {"expand_bytes", "expand_bytes.cl", "bytes += slice.first", "bytes += 0"},
    {"bias_broadcast", "bias.cl", "quotient(i, rows) * rows", "quotient(i, rows + 1) * rows"},
    {"relu_forward", "relu.cl", "z[i] <= 0 ? 0 : z[i]", "z[i] <= 0 ? 0.01f * z[i] : z[i]"},
    {"relu_backward", "relu.cl", "a[i] > 0 ? dz[i] : 0", "a[i] >= 0 ? dz[i] : 0"},
    {"softmax_forward", "softmax.cl", "exp(column[c] - largest)", "exp(column[c])"},
    {"softmax_cross_entropy", "softmax.cl", "if (s >= slice.valid)", "if (s > slice.valid)"},
    {"softmax_cross_entropy", "softmax.cl", "prediction == label", "prediction >= label"},
    {"softmax_cross_entropy", "softmax.cl", "column[c] > column[largest]", "column[c] >= column[largest]"},
    {"row_sums", "row_sums.cl", "c < end", "c + 1 < end"},
    {"row_sums", "row_sums.cl", "(by.accumulate ? out[offset + row] : 0)", "0"},
    {"row_sums_group", "group_sum.clh", "left > 0", "left > 1"},
    {"row_sums_group", "row_sums.cl", "p += GROUP_SUM_ITEMS", "p += 2 * GROUP_SUM_ITEMS"},
    {"norms_group", "optimizer.cl", "i += get_global_size(0)", "i += 2 * get_global_size(0)"},
    {"norms_group", "optimizer.cl", "k += GROUP_SUM_ITEMS", "k += 2 * GROUP_SUM_ITEMS"},
    {"norms_group", "optimizer.cl", "factor < 1 && i < length; i += GROUP_SUM_ITEMS", "factor < 1 && i < 1; i++"},

    {"product_cpu", "product_cpu.cl", "first + depth == k, epilogue", "first == 0, epilogue"},
    {"product_cpu", "product_cpu.cl", "activation[r][v] > 0", "activation[r][v] >= 0"},
    {"product_cpu", "product_cpu.cl", "if (first > begin)", "if (first > begin + DEPTH)"},
    {"product_cpu", "product_sum.clh", "by.scale * sum + c", "sum + c"},
    {"product_gpu", "product_tiles.clh", "min(begin + shape->share, depth)", "min(begin + shape->share + 1, depth)"},
    {"product_gpu", "product_gpu.cl", "(size_t)tile.split * m * n + at", "(size_t)tile.split * m + at"},
    {"product_gpu", "product_gpu.cl", "as_uchar16(next[i])", "as_uchar16(next[i].yxzw)"},
    {"product_gpu", "product_join.clh", "sum += parts[", "sum = parts["},
    {"product_gpu", "product_join.clh", "&shape, i, i % shape.n, ", "&shape, i, i / shape.n, "},
    {"product_tensor", "product_tensor.cl", "x, 1, y, 0, room);\n#else", "x, 2, y, 0, room);\n#else"},
    {"product_tensor", "product_tensor.cl", "upper.z, lower.z, upper.w", "upper.z, lower.w, upper.w"},
    {"product_tensor", "product_tensor.cl", "j / 2 * 16 + lane % 4 * 4", "j / 2 * 16 + lane % 4 * 2"},
    {"product_tensor", "product_tensor.cl", "b += b_step", "b += 0"},
    {"product_tensor", "tensor_operand.clh", "r < rows && d < depths", "r < rows"},
    {"product_tensor", "tensor_operand.clh", "(numbers)[1] = (piece) >> 8", "(numbers)[1] = (piece)&255"},
    {"product_tensor", "product_tiles.clh", "min(split * shape->share,", "min(split * (shape->share + 1),"},
    {"shuffle_samples", "permutation_at.h", "x ^= x >> 13", "x ^= x >> 12"},
    {"gather_samples", "shuffle.cl", "from = order[samples.first + s]", "from = order[s]"},
    {"gather_samples", "shuffle.cl", "at + k < size", "at + k + 1 < size"},
    {"augment_samples", "augment.cl", "from = order[samples.first + s]", "from = order[s]"},
    {"augment_samples", "augment.cl", "epoch, order[samples.of.first + s]", "epoch, order[s]"},
    {"augment_samples", "augment.cl", "samples.first - drawn.drawn_first + s", "s"},
    {"augment_samples", "augment.cl", "column + PIECE", "column + PIECE - 1"},
    {"augment_samples", "augment_row.h", " + 32768) >> 16", ") >> 16"},
    {"augment_samples", "augment_row.h", "sum >> 10", "sum >> 9"},
    {"augment_samples", "augment_row.h", "folded = (int)(angle + 0x40000000u) < 0 ?", "folded = angle == 1 ?"},
    {"augment_samples", "augment_row.h", "x >= 0 && x < width", "x > 0 && x < width"},
    {"augment_samples", "philox.h", "round < 10", "round < 9"},
    {"update_parameters", "optimizer_step.clh", "weight - by.learning_rate * formula_step",
     "weight + by.learning_rate * formula_step"},
    {"update_parameters", "optimizer_step.clh", "weight_decay == DECOUPLED", "false"},
    {"update_parameters", "optimizer_step.clh", "slot + 1 < METRIC_SLOTS", "slot + 2 < METRIC_SLOTS"},
    {"update_parameters", "optimizer_step.clh", "return fma((parameter)(how.momentum), *m.first, g)",
     "return *m.first"},
    {"update_parameters", "optimizer_step.clh", "by.second_factor * sqrt(*m.second)", "sqrt(*m.second)"},
    {"update_parameters", "optimizer_step.clh", "*m.first, g) / (by", "*m.first, 0) / (by"},
    {"update_parameters", "optimizer_step.clh", "select(sign(mixed), mixed, isnan(mixed))", "mixed"},
    {"update_parameters", "optimizer.cl", "decays[at / PARAMETER_ALIGNMENT] ? how.weight_decay : 0",
     "how.weight_decay"},
    {"update_parameters", "optimizer.cl", "sum = fma(g[i], g[i], sum)", "sum = fma(g[i], g[i], sum * 0.99f)"},
    {"update_parameters", "optimizer.cl", "max_norm / sqrt(squares)", "max_norm / squares"},
    {"keep_parameters", "optimizer.cl", "!progress->diverged && ", ""},
    {"keep_parameters", "optimizer.cl", " && isfinite(sums[0]))\n        kept", ")\n        kept"},
    {"limit_fma", "limits.cl", "r < rounds", "r + 1 < rounds"},
    {"limit_fma", "limits.cl", "total += sum[k]", "total = sum[k]"},
    {"limit_read", "limits.cl", "j < count", "j + LIMIT_READ_SUMS < count"},
    {"limit_read", "limits.cl", "(j + k) * step", "j * step"},
    {"first_groups", "first_groups.cl", "ITEM_ENTRY(item)", "(ITEM_ENTRY(item) & ~15)"},
    {"first_elements", "transpose.clh", "block[LANES / 2 + i].hi", "block[i].hi"},
    {"first_elements", "elements.clh", "adds ? z[u] : 0", "0"},
    {"first_dense", "first_dense.cl", "dw[UNIT_BLOCK + h] = sum[h][1]", "dw[UNIT_BLOCK + h] += sum[h][1]"},
    {"first_gpu", "first_gpu.clh", "dz += me.step", "dz += 0"},
    {"first_gpu", "first_gpu.clh", "s < SLICES", "s + 1 < SLICES"},
    {"first_gpu", "sums_gpu.clh", "s < SPLITS; s++", "s + 1 < SPLITS; s++"},
    {"first_gpu", "sums_gpu.clh", "k < place.count", "k + 1 < place.count"},
    {"first_gpu", "layers_gpu.clh", "s < count ? dz : 0", "dz"},
    {"first_gpu", "layers_gpu.clh", "a[k * ROW4 + q] > 0", "a[k * ROW4 + q] > 0.5f"},
    {"sparse_cpu", "elements.clh", "ELEMENT_VALUE(element)", "(ELEMENT_VALUE(element) & 127)"},
    {"sparse_cpu", "sparse_cpu.cl", "RELU && sum <= 0", "RELU && sum <= 0.1f"},
    {"sparse_cpu", "sparse_cpu.cl", "column < count && u < units ? dz[(size_t)column", "u < units ? dz[(size_t)s"},
    {"sparse_cpu", "sparse_weights.clh", "share < shares", "share < 1"},
    {"sparse_gpu", "sparse_weights.clh", "by.scale * sum", "sum"},
    {"sparse_gpu", "sparse_gpu.cl", "parameters[bias + unit + u]", "parameters[bias + u]"},
    {"sparse_gpu", "sparse_gpu.cl", "ELEMENT_SAMPLE(element)", "(ELEMENT_SAMPLE(element) >> 1)"},
    {"first_groups", "fused_tile.clh", "label == (int)c", "label >= (int)c"},
    {"first_groups", "tile_rows.clh", "a[at] > 0", "a[at] > 0.5f"},
    {"first_groups", "fused_cpu.clh", "tile < stop", "tile < min(stop, begin + 1)"},
    {"first_elements", "fused_cpu.clh", "w < work_items", "w < 1"},
    {"first_wide", "first_wide.cl", "sum[r][1] = add ? c[r * c_row + 1] : 0", "sum[r][1] = 0"},
    {"first_dense", "fused_cpu.clh", "fma(INPUT_SCALE, sum_shares", "fma(1.0f / 256, sum_shares"},
    {"first_batch", "first_batch.clh", "s < tile->count ? starts[1] : starts[0]", "starts[0]"},
    {"first_batch", "first_batch.clh", "before += length", "before = length"},
    {"first_batch", "first_batch.clh", "LIST_ELEMENT(s,", "LIST_ELEMENT(0,"},
    {"first_batch", "fused_batch.cl", "memory->order + range.first + t * TILE", "memory->order + range.first"},
    {"first_batch", "fused_batch.cl", "(floatv)(scale * PIXEL_SCALE)", "(floatv)(scale / 256)"},
    {"first_batch", "fused_batch.cl", "(adds ? gradient[i] : 0)", "0"},
    {"first_batch", "batch_columns.clh", "t < tiles", "t < 1"},
    {"batch_steps", "fused_batch.cl", "step * how.batch", "0 * step"},
    {"batch_steps", "fused_batch.cl", "clip * to->gradient[i]", "to->gradient[i]"},
    {"batch_steps", "fused_batch.cl", "{begin, min(begin + PIECE_VECTORS, vectors.end)}", "{begin, vectors.end}"},
    {"batch_steps", "fused_batch.cl", "i < begin_of(all, unit + 1, units)", "i + 1 < begin_of(all, unit + 1, units)"},
    {"batch_gpu_steps", "batch_steps.cl", "first_moment[i] = first;", "first_moment[i] = 0;"},
    {"activation_forward", "activation_formulas.h", "a * (1 - a)", "a * a"},
    {"activation_forward", "philox.h", "c[3] ^ key1", "c[3] ^ key0"},
    {"activation_forward", "activate.cl", "&& s < slice.valid", "&& s < slice.valid + 1"},
    {"activation_backward", "activate.cl", "dz[i] *= slopes[i]", "dz[i] = slopes[i]"},
    {"input_transform", "activate.cl", "(size_t)(slice.x_first + s)", "(size_t)s"},
    {"input_transform", "dropout.h", "i % 2 * DROPOUT_BITS", "i % 2 * 15"},
    {"softmax_cross_entropy", "softmax.cl", "1.0f - smoothing", "1.0f"},
    {"fused_cpu_regularization", "fused_cpu.clh", "INPUT_OFFSET, sum,", "INPUT_OFFSET, 0,"},
    {"fused_cpu_regularization", "fused_cpu.clh", "INPUT_OFFSET * sum_shares", "0 * sum_shares"},
    {"fused_cpu_regularization", "fused_tile.clh", "slope * factor", "slope"},
    {"fused_cpu_regularization", "fused_tile.clh", "shared * all_logits", "0"},
    {"fused_batch_regularization", "first_batch.clh", "lane + f / DROPOUT_UNITS", "lane"},
    {"fused_batch_regularization", "fused_batch.cl", "INPUT_OFFSET * db1", "0 * db1"},
};

/* The file in the table of kernels with this last part of its name. */
static const kernel_text *find_text(const char *file)
{
    for (size_t i = 0; i < gr_kernel_table_length; i++) {
        const char *last = strrchr(gr_kernel_table[i].file, '/');
        if (last != NULL && strcmp(last + 1, file) == 0)
            return &gr_kernel_table[i];
    }
    fail_msg("no kernels/*/%s", file);
    return NULL;
}

/* Puts one file into a folder, with one fault. */
static void write_faulty_kernel(const char *folder, const char *file, const char *right, const char *wrong)
{
    const kernel_text *kernel = find_text(file);
    const char *place = strstr(kernel->text, right);
    char path[512];
    assert_non_null(place);
    snprintf(path, sizeof path, "%s/%.*s", folder, (int)(strrchr(kernel->file, '/') - kernel->file), kernel->file);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/%s", folder, kernel->file);
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    fprintf(out, "%.*s%s%s", (int)(place - kernel->text), kernel->text, wrong, place + strlen(right));
    fclose(out);
}

static const operation *find_operation(const char *name)
{
    for (size_t i = 0; i < gr_operation_count; i++)
        if (strcmp(gr_operations[i].name, name) == 0)
            return &gr_operations[i];
    fail_msg("no operation %s", name);
    return NULL;
}

/* Makes the device build its programs again, with a faulty kernel, from a new folder. */
static void put_fault(char *folder, const char *file, const char *right, const char *wrong)
{
    assert_non_null(mkdtemp(folder));
    write_faulty_kernel(folder, file, right, wrong);
    setenv("GRADUS_KERNEL_DIR", folder, 1);
    gr_program_release_shared(device);
}

static void remove_fault(const char *folder)
{
    char command[64];
    gr_program_release_shared(device);
    unsetenv("GRADUS_KERNEL_DIR");
    snprintf(command, sizeof command, "rm -r %s", folder);
    assert_int_equal(system(command), 0);
}

/* The operation with only the i-th of its shapes; the first, which is the smallest, comes last. */
static size_t count_failures(const operation *op, size_t i)
{
    check c = {.device = device};
    operation one = *op;
    one.shapes = &op->shapes[(i + 1) % op->shape_count];
    one.shape_count = 1;
    assert_ok(gr_check_operation(&c, &one));
    return c.failed;
}

/* Tries one shape after the other until one fails: the compiler takes seconds for each. */
static void test_faults_are_noticed(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        char folder[] = "/tmp/gradus-kernels-XXXXXX";
        const operation *op = find_operation(faults[i].operation);
        size_t failures = 0;
        put_fault(folder, faults[i].file, faults[i].right, faults[i].wrong);
        for (size_t shape = 0; shape < op->shape_count && failures == 0; shape++)
            failures = count_failures(op, shape);
        remove_fault(folder);
        if (failures == 0)
            fail_msg("%s with \"%s\" passed", faults[i].operation, faults[i].wrong);
    }
}

/* Without a fault they pass, compiled with the same options. */
static void test_right_kernels_pass(void **state)
{
    (void)state;
    const operation *passed = NULL;
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        const operation *op = find_operation(faults[i].operation);
        if (op != passed && count_failures(op, 0) > 0)
            fail_msg("%s failed", op->name);
        passed = op;
    }
}

static void test_build_error_names_file(void **state)
{
    (void)state;
    char folder[] = "/tmp/gradus-kernels-XXXXXX";
    check c = {.device = device};
    put_fault(folder, "relu.cl", "size_t i", "size_t j");
    assert_fails(gr_check_operation(&c, find_operation("relu_forward")), GRADUS_ERROR_DEVICE,
                 "kernels/layered/relu.cl");
    remove_fault(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_build_error_names_file),
        cmocka_unit_test(test_right_kernels_pass),
        cmocka_unit_test(test_faults_are_noticed),
    };
    setenv("GRADUS_BUILD_OPTIONS", "-cl-opt-disable", 0);
    device = open_test_device();
    emulate_tensor_cores(device);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    gradus_device_close(device);
    return failed;
}
