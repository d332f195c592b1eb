/* SPDX-License-Identifier: Apache-2.0 */
/* Runs that continue from checkpoints: the same bits and reports as without an interruption, from any of them, on every
 * engine. Damaged ones are skipped, and those of another run are refused with the name of the difference. */
#include "assert_close.h"
#include "common/activations.h"
#include "common/optimizers.h"
#include "compile_quickly.h"
#include "scratch.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <xxhash.h>

static gradus_dataset *digits, *few; /* 500 samples, and 300 others */
static gradus_activation activation; /* of the networks */

/* The visible results of a run. */
typedef struct outcome {
    gradus_report reports[512];
    size_t count;
    uint64_t hash;
    gradus_train_result result;
    gradus_train_start start;
    char checkpoint[256], notes[1024]; /* the start's */
    size_t stop_after;                 /* report after which `stop` is set; 0: never */
    int stop;
} outcome;

static void keep_report(const gradus_report *report, void *user)
{
    outcome *o = user;
    assert_true(o->count < sizeof o->reports / sizeof *o->reports);
    o->reports[o->count++] = *report;
    if (o->count == o->stop_after)
        o->stop = 1;
}

static void keep_start(const gradus_train_start *start, void *user)
{
    outcome *o = user;
    assert_int_equal(o->count, 0);
    o->start = *start;
    snprintf(o->checkpoint, sizeof o->checkpoint, "%s", start->checkpoint == NULL ? "" : start->checkpoint);
    snprintf(o->notes, sizeof o->notes, "%s", start->notes);
}

static gradus_train_options options_for(const char *engine, size_t iterations)
{
    gradus_train_options options = gradus_train_options_default();
    options.engine = engine;
    options.threads = 1;
    options.iterations = iterations;
    options.start = keep_start;
    options.report = keep_report;
    return options;
}

static gradus_status try_train(gradus_train_options options, outcome *o)
{
    const gradus_network network = {.layers = 2, .sizes = {784, 10, 10}, .activation = activation};
    gradus_model *model = NULL;
    assert_ok(gradus_model_create(&network, 1, &model));
    options.user = o;
    options.stop = &o->stop;
    const gradus_status status = gradus_train(device, model, digits, &options, &o->result);
    o->hash = gradus_model_hash(model);
    gradus_model_destroy(model);
    return status;
}

static outcome train(const gradus_train_options *options)
{
    outcome o = {0};
    assert_ok(try_train(*options, &o));
    return o;
}

static gradus_train_options with_checkpoints(gradus_train_options options, const char *folder, size_t every,
                                             bool resume)
{
    options.checkpoints = (gradus_checkpoints){.folder = folder, .every = every, .resume = resume};
    return options;
}

static bool same_number(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b));
}

static void assert_same_report(const gradus_report *a, const gradus_report *b)
{
    assert_int_equal(a->iteration, b->iteration);
    assert_int_equal(a->iterations, b->iterations);
    assert_int_equal(a->epoch, b->epoch);
    assert_true(a->learning_rate == b->learning_rate);
    if (!same_number(a->train.loss, b->train.loss) || !same_number(a->train.accuracy, b->train.accuracy) ||
        !same_number(a->holdout.loss, b->holdout.loss) || !same_number(a->holdout.accuracy, b->holdout.accuracy))
        fail_msg("iteration %zu: loss %.17g, accuracy %.17g; expected %.17g, %.17g", a->iteration, a->train.loss,
                 a->train.accuracy, b->train.loss, b->train.accuracy);
}

/* The reports of `before` that are final when `after` continues, and those of `after`, are all of `expected`. */
static void assert_same_run(const outcome *before, const outcome *after, const outcome *expected)
{
    size_t i = 0;
    while (i < before->count && before->reports[i].iteration < after->start.reported) {
        assert_true(i < expected->count);
        assert_same_report(&before->reports[i], &expected->reports[i]);
        i++;
    }
    assert_int_equal(i + after->count, expected->count);
    for (size_t k = 0; k < after->count; k++)
        assert_same_report(&after->reports[k], &expected->reports[i + k]);
    assert_true(after->hash == expected->hash);
    assert_int_equal(after->result.iterations, expected->result.iterations);
    assert_int_equal(after->result.model_iterations, expected->result.model_iterations);
    assert_int_equal(after->result.stopped_by, expected->result.stopped_by);
    assert_int_equal(after->result.resumed_from, after->start.iterations);
    assert_true(same_number(after->result.train.loss, expected->result.train.loss));
    assert_true(same_number(after->result.holdout.loss, expected->result.holdout.loss));
}

/* ---- The folder ---- */

static int ascending(const void *a, const void *b)
{
    const size_t left = *(const size_t *)a, right = *(const size_t *)b;
    return (left > right) - (left < right);
}

/* The steps of the existing checkpoints; returns their number. */
static size_t list(const char *folder, size_t steps[256])
{
    size_t count = 0;
    DIR *listing = opendir(folder);
    assert_non_null(listing);
    for (const struct dirent *entry = readdir(listing); entry != NULL; entry = readdir(listing))
        if (entry->d_name[0] != '.') {
            assert_true(count < 256);
            assert_int_equal(sscanf(entry->d_name, "step-%zu.safetensors", &steps[count++]), 1);
        }
    closedir(listing);
    qsort(steps, count, sizeof *steps, ascending);
    return count;
}

static char *checkpoint_path(const char *folder, size_t steps)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/step-%012zu.safetensors", folder, steps);
    return path;
}

/* Removes the checkpoints after this step, as if the run had been killed before them. */
static void forget_after(const char *folder, size_t steps)
{
    size_t all[256];
    const size_t count = list(folder, all);
    for (size_t i = 0; i < count; i++)
        if (all[i] > steps)
            assert_int_equal(unlink(checkpoint_path(folder, all[i])), 0);
}

/* ---- The same bits ---- */

typedef struct resume_case {
    const char *engine, *optimizer;
    size_t batch, iterations, report_every, evaluate_every, checkpoint_every;
    float learning_rate, clip_norm, max_norm;
    float dropout, input_dropout, label_smoothing, shift; /* the last of augmentation */
    const char *schedule;
    gradus_stopping stopping;
    gradus_stop_reason ending;
} resume_case;

static gradus_train_options options_of(const resume_case *c)
{
    gradus_train_options options = options_for(c->engine, c->iterations);
    options.optimizer.name = c->optimizer;
    options.optimizer.clip_norm = c->clip_norm;
    options.optimizer.max_norm = c->max_norm;
    options.batch_size = c->batch;
    options.learning_rate = c->learning_rate;
    options.report_every = c->report_every;
    options.schedule.name = c->schedule;
    options.dropout = c->dropout;
    options.input_dropout = c->input_dropout;
    options.label_smoothing = c->label_smoothing;
    options.augmentation.shift = c->shift;
    options.stopping = c->stopping;
    if (c->evaluate_every > 0) {
        options.holdout = few;
        options.evaluate_every = c->evaluate_every;
    }
    return options;
}

/* From a checkpoint near the beginning, one in the middle, and the last one, after which nothing is left to do. */
static void test_same_bits(void **state)
{
    const resume_case *c = *state;
    const gradus_train_options plain = options_of(c);
    char *folder = scratch_path("checkpoints");
    size_t steps[256];

    const outcome expected = train(&plain);
    assert_int_equal(expected.result.stopped_by, c->ending);
    const gradus_train_options saving = with_checkpoints(plain, folder, c->checkpoint_every, false);
    const outcome whole = train(&saving);
    assert_same_run(&whole, &whole, &expected);
    const size_t count = list(folder, steps);
    assert_int_equal(steps[0], c->checkpoint_every);
    assert_int_equal(steps[count - 1], expected.result.iterations);
    const size_t from[] = {steps[count - 1], steps[2 * count / 3], steps[0]};
    for (size_t i = 0; i < 3; i++) {
        forget_after(folder, from[i]);
        const gradus_train_options resuming = with_checkpoints(plain, folder, c->checkpoint_every, true);
        const outcome rest = train(&resuming);
        assert_int_equal(rest.start.iterations, from[i]);
        assert_string_equal(rest.notes, "");
        assert_string_equal(rest.checkpoint, checkpoint_path(folder, from[i]));
        assert_same_run(&whole, &rest, &expected);
    }
}

/* Interrupted repeatedly: a stop writes a checkpoint after any step, and may report an iteration that is not due. */
static void test_interrupted(void **state)
{
    const resume_case *c = *state;
    const gradus_train_options plain = options_of(c);
    char *folder = scratch_path("checkpoints");
    const outcome expected = train(&plain);
    static outcome all; /* the final reports so far */
    all = (outcome){0};
    for (size_t part = 0;; part++) {
        const gradus_train_options resuming = with_checkpoints(plain, folder, c->checkpoint_every, true);
        outcome o = {.stop_after = 1 + part % 2};
        assert_ok(try_train(resuming, &o));
        while (all.count > 0 && all.reports[all.count - 1].iteration >= o.start.reported)
            all.count--;
        for (size_t i = 0; i < o.count; i++)
            keep_report(&o.reports[i], &all);
        if (o.result.stopped_by != GRADUS_STOP_REQUEST) {
            assert_true(part > 1);
            assert_true(o.hash == expected.hash);
            break;
        }
        assert_int_equal(o.result.resumed_from, o.start.iterations);
    }
    assert_int_equal(all.count, expected.count);
    for (size_t i = 0; i < all.count; i++)
        assert_same_report(&all.reports[i], &expected.reports[i]);
}

/* Every optimizer and every activation; both lists are iterated together. */
static void test_every_function(void **state)
{
    char *folder = scratch_path("checkpoints");
    for (size_t i = 0; i < OPTIMIZER_COUNT || i < ACTIVATION_COUNT; i++) {
        const resume_case c = {.engine = *state,
                               .optimizer = gradus_optimizer_name(i % OPTIMIZER_COUNT),
                               .batch = 240,
                               .iterations = 12,
                               .checkpoint_every = 5,
                               .learning_rate = 0.003f};
        const gradus_train_options plain = options_of(&c);
        activation = (gradus_activation)(i % ACTIVATION_COUNT);
        const gradus_train_options saving = with_checkpoints(plain, folder, c.checkpoint_every, false);
        const outcome expected = train(&saving);
        forget_after(folder, 5);
        const gradus_train_options resuming = with_checkpoints(plain, folder, c.checkpoint_every, true);
        const outcome rest = train(&resuming);
        assert_int_equal(rest.start.iterations, 5);
        assert_same_run(&expected, &rest, &expected);
        forget_after(folder, 0);
    }
    activation = GRADUS_RELU;
}

static int create_quickly(void **state)
{
    return compile_quickly(state) + scratch_create(state);
}

static int remove_fully(void **state)
{
    return compile_fully(state) + scratch_remove(state);
}

/* If the loss becomes infinite, the model has the parameters of the last report, even if that was before the
 * checkpoint. This weight decay multiplies the weights by -99 in every step. */
static void test_divergence(void **state)
{
    gradus_train_options plain = options_for(*state, 2000);
    char *folder = scratch_path("checkpoints");
    outcome expected = {0}, whole = {0}, rest = {0};
    size_t steps[256];
    plain.optimizer.weight_decay = 1000;
    plain.batch_size = 50;
    plain.report_every = 4;
    assert_int_equal(try_train(plain, &expected), GRADUS_ERROR_DIVERGED);
    assert_int_equal(try_train(with_checkpoints(plain, folder, 3, false), &whole), GRADUS_ERROR_DIVERGED);
    const size_t count = list(folder, steps);
    assert_true(count > 1);
    assert_true(whole.hash == expected.hash);
    for (size_t i = count; i-- > 0;) {
        forget_after(folder, steps[i]);
        rest = (outcome){0};
        assert_fails(try_train(with_checkpoints(plain, folder, 3, true), &rest), GRADUS_ERROR_DIVERGED, "the loss");
        assert_int_equal(rest.start.iterations, steps[i]);
        assert_true(rest.hash == expected.hash);
    }
}

/* ---- Files ---- */

static const resume_case small = {.engine = "reference",
                                  .optimizer = "momentum",
                                  .batch = 50,
                                  .iterations = 20,
                                  .report_every = 3,
                                  .checkpoint_every = 5,
                                  .learning_rate = 0.1f};

static void damage(const char *path, long at, bool truncates)
{
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    if (truncates)
        assert_int_equal(ftruncate(fileno(file), at), 0);
    else {
        assert_int_equal(fseek(file, at, SEEK_SET), 0);
        const int byte = fgetc(file);
        assert_int_equal(fseek(file, at, SEEK_SET), 0);
        fputc(byte ^ 1, file);
    }
    assert_int_equal(fclose(file), 0);
}

static void test_damaged_is_passed_over(void **state)
{
    (void)state;
    const gradus_train_options plain = options_of(&small);
    char *folder = scratch_path("checkpoints");
    const gradus_train_options saving = with_checkpoints(plain, folder, 5, false);
    const gradus_train_options resuming = with_checkpoints(plain, folder, 5, true);
    const outcome whole = train(&saving);
    damage(checkpoint_path(folder, 20), 5000, true);
    damage(checkpoint_path(folder, 15), 70000, false);
    outcome rest = train(&resuming);
    assert_int_equal(rest.start.iterations, 10);
    assert_non_null(strstr(rest.notes, "step-000000000020.safetensors: is damaged or incomplete: found checksum "));
    assert_non_null(strstr(rest.notes, "step-000000000015.safetensors: is damaged or incomplete: found checksum "));
    assert_same_run(&whole, &rest, &whole);
    rest = train(&resuming); /* they were written again */
    assert_int_equal(rest.start.iterations, 20);
    for (size_t steps = 5; steps <= 20; steps += 5)
        damage(checkpoint_path(folder, steps), 8 + (long)steps, false);
    rest = train(&resuming);
    assert_string_equal(rest.checkpoint, "");
    assert_same_run(&whole, &rest, &whole);
    damage(checkpoint_path(folder, 20), 3, true);
    rest = train(&resuming);
    assert_non_null(strstr(rest.notes, "truncated: found 3 bytes"));
}

/* The unfinished files of a killed process are removed, and no others. */
static void test_leftovers(void **state)
{
    (void)state;
    char *folder = scratch_subfolder("checkpoints");
    const char *leftover = scratch_text("checkpoints/step-000000000010.safetensors.0123abcd", "half");
    const char *others[] = {scratch_text("checkpoints/step-000000000010.safetensors.backup", "x"),
                            scratch_text("checkpoints/step-10.safetensors", "x"),
                            scratch_text("checkpoints/notes.txt", "x")};
    const gradus_train_options options = with_checkpoints(options_of(&small), folder, 5, true);
    const outcome o = train(&options);
    assert_string_equal(o.checkpoint, "");
    assert_int_equal(access(leftover, F_OK), -1);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(access(others[i], F_OK), 0);
        assert_int_equal(unlink(others[i]), 0);
    }
}

static void test_keep(void **state)
{
    (void)state;
    char *folder = scratch_path("checkpoints");
    size_t steps[256];
    gradus_train_options options = with_checkpoints(options_of(&small), folder, 3, false);
    options.checkpoints.keep = 2;
    (void)train(&options);
    assert_int_equal(list(folder, steps), 2);
    assert_int_equal(steps[0], 18);
    assert_int_equal(steps[1], 20);
    assert_int_equal(gradus_train_options_default().checkpoints.keep, 2);
}

/* By default there is one with each report: with full batches after iterations 0, 10, 20, ... The folder and its
 * parents are created. */
static void test_with_reports(void **state)
{
    (void)state;
    char *folder = scratch_path("new/checkpoints");
    size_t steps[256];
    gradus_train_options options = with_checkpoints(options_for("reference", 15), folder, 0, false);
    (void)train(&options);
    assert_int_equal(list(folder, steps), 3);
    assert_int_equal(steps[0], 1);
    assert_int_equal(steps[1], 11);
    assert_int_equal(steps[2], 15);
}

/* ---- Refusals ---- */

static void expect_refusal(gradus_train_options options, gradus_status status, const char *part)
{
    outcome o = {0};
    assert_fails(try_train(options, &o), status, part);
    assert_int_equal(o.count, 0);
}

static void test_foreign_is_refused(void **state)
{
    (void)state;
    const char *folder = scratch_path("checkpoints");
    gradus_train_options options = with_checkpoints(options_of(&small), folder, 5, false);
    const outcome whole = train(&options);
    expect_refusal(options, GRADUS_ERROR_ARGUMENT, "found one of step 20 already, expected none");
    options.checkpoints.resume = true;
    const gradus_train_options own = options;
#define EXPECT(change, part)                                                                                          \
    do {                                                                                                              \
        options = own;                                                                                                \
        change;                                                                                                       \
        expect_refusal(options, GRADUS_ERROR_ARGUMENT,                                                                \
                       "step-000000000020.safetensors: belongs to another run: " part);                               \
    } while (0)
    EXPECT(options.learning_rate = 0.2f, "learning rate: found 0.1, expected 0.2");
    EXPECT(options.learning_rate = nextafterf(0.1f, 1), "learning rate: found 0.10000000149011612, expected 0.1");
    EXPECT(options.iterations = 21, "iterations: found 20, expected 21");
    EXPECT(options.batch_size = 0, "batch size: found 50, expected full");
    EXPECT(options.seed = 2, "seed: found 1, expected 2");
    EXPECT(options.optimizer.name = "sgd", "optimizer: found momentum, expected sgd");
    EXPECT(options.optimizer.momentum = 0.5f, "momentum or beta1: found 0.9, expected 0.5");
    EXPECT(options.schedule.name = "cosine", "schedule: found constant, expected cosine");
    EXPECT(options.report_every = 4, "report every: found 3, expected 4");
    EXPECT(options.stopping.target_accuracy = 0.5, "target accuracy: found 0.0, expected 0.5");
    EXPECT(options.dropout = 0.5f, "dropout: found 0.0, expected 0.5");
    EXPECT(options.input_dropout = 0.5f, "input dropout: found 0.0, expected 0.5");
    EXPECT(options.label_smoothing = 0.5f, "label smoothing: found 0.0, expected 0.5");
    EXPECT(options.augmentation.shift = 2, "augmentation's shift: found 0.0, expected 2.0");
    EXPECT(options.augmentation.elastic = 1, "augmentation's elastic: found 0.0, expected 1.0");
    EXPECT(options.drop_last = true, "drop last: found no, expected yes");
    EXPECT(options.holdout = few, "holdout: found none, expected 300 samples of 784 bytes, ");
    EXPECT(options.engine = "layered", "engine: found reference, expected layered");
#undef EXPECT
    options = own;
    options.engine = "auto"; /* whichever engine was used before */
    options.stopping.max_seconds = 1e6;
    options.checkpoints.every = 2;
    outcome o = train(&options);
    assert_string_equal(o.result.engine, "reference");
    assert_same_run(&whole, &o, &whole);
}

static void test_foreign_data_are_refused(void **state)
{
    (void)state;
    gradus_model *model = NULL;
    const gradus_network network = {.layers = 2, .sizes = {784, 10, 10}}, other = {.layers = 2, .sizes = {784, 9, 10}};
    const gradus_network activated = {.layers = 2, .sizes = {784, 10, 10}, .activation = GRADUS_TANH};
    gradus_train_options options = with_checkpoints(options_of(&small), scratch_path("checkpoints"), 5, false);
    (void)train(&options);
    options.checkpoints.resume = true;
    options.start = NULL;
    options.report = NULL;
    options.batch_size = 50;
    assert_ok(gradus_model_create(&network, 1, &model));
    assert_fails(gradus_train(NULL, model, few, &options, NULL), GRADUS_ERROR_ARGUMENT,
                 "training samples: found 500 samples of 784 bytes, ");
    gradus_model_destroy(model);
    assert_ok(gradus_model_create(&network, 2, &model));
    assert_fails(gradus_train(NULL, model, digits, &options, NULL), GRADUS_ERROR_ARGUMENT, "initial weights: found ");
    gradus_model_destroy(model);
    assert_ok(gradus_model_create(&other, 1, &model));
    assert_fails(gradus_train(NULL, model, digits, &options, NULL), GRADUS_ERROR_ARGUMENT,
                 "network: found 784-10-10, expected 784-9-10");
    gradus_model_destroy(model);
    assert_ok(gradus_model_create(&activated, 1, &model));
    assert_fails(gradus_train(NULL, model, digits, &options, NULL), GRADUS_ERROR_ARGUMENT,
                 "activation: found relu, expected tanh");
    gradus_model_destroy(model);
}

static void test_folder_is_refused(void **state)
{
    (void)state;
    gradus_train_options options = with_checkpoints(options_of(&small), NULL, 5, true);
    expect_refusal(options, GRADUS_ERROR_ARGUMENT, "resume: found without a folder of checkpoints");
    options.checkpoints.folder = scratch_text("file", "");
    expect_refusal(options, GRADUS_ERROR_OUTPUT, "Not a directory");
    options.checkpoints.folder = scratch_path("file/in");
    expect_refusal(options, GRADUS_ERROR_OUTPUT, "Not a directory");
    options.checkpoints.folder = scratch_subfolder("taken");
    const int other = open(options.checkpoints.folder, O_RDONLY | O_DIRECTORY);
    assert_int_equal(flock(other, LOCK_EX), 0);
    expect_refusal(options, GRADUS_ERROR_OUTPUT, "another training uses this folder");
    close(other);
    (void)train(&options);
}

/* Replaces a text in the file and corrects the checksum, as if another version had written it. */
static void rewrite(const char *path, const char *from, const char *to)
{
    static unsigned char bytes[1 << 18];
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    const size_t size = fread(bytes, 1, sizeof bytes, file);
    assert_true(size < sizeof bytes && strlen(from) == strlen(to));
    unsigned char *place = memmem(bytes, size, from, strlen(from));
    assert_non_null(place);
    memcpy(place, to, strlen(to));
    const uint64_t checksum = XXH3_64bits(bytes, size - sizeof checksum);
    memcpy(bytes + size - sizeof checksum, &checksum, sizeof checksum);
    rewind(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static void test_contents_are_refused(void **state)
{
    (void)state;
    char *folder = scratch_path("checkpoints");
    gradus_train_options options = with_checkpoints(options_of(&small), folder, 5, false);
    (void)train(&options);
    options.checkpoints.resume = true;
    const struct {
        const char *from, *to, *part;
    } changes[] = {
        {"\"gradus.checkpoint\":\"1\"", "\"gradus.checkpoint\":\"2\"", "file version: found 2, expected 1"},
        {"\"gradus.progress\"", "\"gradus.progresS\"", "no metadata gradus.progress, expected a checkpoint"},
        {"\\\"iterations\\\":20,\\\"reported", "\\\"iterations\\\":21,\\\"reported",
         "the counts contradict each other"},
        {"seen_samples\\\":0", "seen_samples\\\":X", "expected a JSON object"},
        {"seen_samples\\\":", "seen_sampleS\\\":", "progress: seen_samples is missing or of another type"},
        {"\"first_moment.fc1.bias\"", "\"first_moment.fc9.bias\"", "tensor first_moment.fc1.bias is missing"},
        {"[10,784]", "[784,10]", "tensor fc1.weight is missing, or has another shape or offset"},
    };
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        rewrite(checkpoint_path(folder, 20), changes[i].from, changes[i].to);
        expect_refusal(options, GRADUS_ERROR_DATA, changes[i].part);
        rewrite(checkpoint_path(folder, 20), changes[i].to, changes[i].from);
    }
    (void)train(&options);
}

static void test_other_machine_is_told(void **state)
{
    (void)state;
    char *folder = scratch_path("checkpoints");
    gradus_train_options options = with_checkpoints(options_of(&small), folder, 5, false);
    const outcome whole = train(&options);
    options.checkpoints.resume = true;
    options.threads = 2;
    forget_after(folder, 10);
    rewrite(checkpoint_path(folder, 10), "\"gradus.version\":\"0.", "\"gradus.version\":\"9.");
    const outcome rest = train(&options);
    assert_non_null(strstr(rest.notes, "version of gradus: found 9."));
    assert_non_null(strstr(rest.notes, "machine: found the host, 1 threads, expected the host, 2 threads; the last "
                                       "bits of the result may differ\n"));
    assert_same_run(&whole, &rest, &whole);
}

/* ---- Times ---- */

/* Times continue from the checkpoint's, so a limit applies to the whole run. */
static void test_seconds(void **state)
{
    (void)state;
    char *folder = scratch_path("checkpoints");
    gradus_train_options options = with_checkpoints(options_for("reference", 100000), folder, 1000000, true);
    options.stopping.max_seconds = 0.2;
    options.report_every = 1;
    outcome o = {.stop_after = 2};
    assert_ok(try_train(options, &o));
    assert_int_equal(o.result.stopped_by, GRADUS_STOP_REQUEST);
    const double before = o.reports[o.count - 1].seconds;
    const outcome rest = train(&options);
    assert_int_equal(rest.result.stopped_by, GRADUS_STOP_TIME);
    assert_true(rest.reports[0].seconds > before);
    assert_true(rest.result.train_seconds > 0.2 && rest.result.train_seconds < 0.2 + 10 * before + 0.5);
    const outcome none = train(&options);
    assert_int_equal(none.result.stopped_by, GRADUS_STOP_TIME);
    assert_int_equal(none.result.iterations, rest.result.iterations);
    assert_true(none.hash == rest.hash);
}

/* ---- Cases ---- */

static const resume_case cases[] = {
    {.engine = "fused",
     .optimizer = "sgd",
     .iterations = 400,
     .report_every = 10,
     .checkpoint_every = 130,
     .learning_rate = 0.1f},
    {.engine = "fused",
     .optimizer = "adam",
     .iterations = 90,
     .report_every = 4,
     .evaluate_every = 3,
     .checkpoint_every = 7,
     .learning_rate = 0.05f,
     .stopping = {.patience = 4},
     .ending = GRADUS_STOP_PATIENCE},
    {.engine = "fused",
     .optimizer = "momentum",
     .batch = 16,
     .iterations = 500,
     .report_every = 9,
     .checkpoint_every = 50,
     .learning_rate = 0.02f,
     .clip_norm = 0.5f,
     .schedule = "cosine"},
    {.engine = "fused",
     .optimizer = "adamw",
     .batch = 240,
     .iterations = 40,
     .report_every = 6,
     .checkpoint_every = 5,
     .learning_rate = 0.01f,
     .schedule = "exponential"},
    {.engine = "layered",
     .optimizer = "rmsprop",
     .iterations = 30,
     .report_every = 7,
     .checkpoint_every = 4,
     .learning_rate = 0.003f,
     .clip_norm = 1},
    {.engine = "layered",
     .optimizer = "nesterov",
     .batch = 33,
     .iterations = 60,
     .report_every = 9,
     .checkpoint_every = 7,
     .learning_rate = 0.02f,
     .max_norm = 1},
    {.engine = "sparse",
     .optimizer = "adam",
     .iterations = 20,
     .report_every = 3,
     .checkpoint_every = 6,
     .learning_rate = 0.01f},
    {.engine = "fused",
     .optimizer = "adam",
     .batch = 20,
     .iterations = 300,
     .report_every = 25,
     .checkpoint_every = 60,
     .learning_rate = 0.003f,
     .dropout = 0.3f,
     .input_dropout = 0.2f,
     .label_smoothing = 0.1f,
     .shift = 2},
    {.engine = "fused",
     .optimizer = "sgd",
     .iterations = 60,
     .report_every = 10,
     .checkpoint_every = 25,
     .learning_rate = 0.1f,
     .dropout = 0.3f,
     .label_smoothing = 0.1f},
    {.engine = "layered",
     .optimizer = "sgd",
     .batch = 40,
     .iterations = 60,
     .report_every = 9,
     .checkpoint_every = 8,
     .learning_rate = 0.05f,
     .dropout = 0.5f,
     .input_dropout = 0.2f,
     .shift = 2},
#if GRADUS_BLAS
    {.engine = "blas",
     .optimizer = "adam",
     .batch = 60,
     .iterations = 600,
     .report_every = 25,
     .checkpoint_every = 40,
     .learning_rate = 0.01f,
     .stopping = {.until_converged = 0.1},
     .ending = GRADUS_STOP_CONVERGED},
    {.engine = "blas",
     .optimizer = "momentum",
     .batch = 32,
     .iterations = 400,
     .report_every = 5,
     .evaluate_every = 30,
     .checkpoint_every = 11,
     .learning_rate = 0.02f,
     .stopping = {.target_accuracy = 0.6},
     .ending = GRADUS_STOP_TARGET},
    {.engine = "blas",
     .optimizer = "nesterov",
     .batch = 25,
     .iterations = 100,
     .report_every = 10,
     .checkpoint_every = 13,
     .learning_rate = 0.02f,
     .dropout = 0.5f,
     .input_dropout = 0.2f,
     .label_smoothing = 0.1f,
     .shift = 2},
#endif
    {.engine = "reference",
     .optimizer = "sgd",
     .batch = 25,
     .iterations = 30,
     .report_every = 3,
     .checkpoint_every = 7,
     .learning_rate = 0.05f,
     .dropout = 0.5f,
     .input_dropout = 0.2f,
     .label_smoothing = 0.1f,
     .shift = 2},
    {.engine = "reference",
     .optimizer = "adam",
     .batch = 24,
     .iterations = 40,
     .report_every = 4,
     .evaluate_every = 8,
     .checkpoint_every = 3,
     .learning_rate = 0.01f,
     .stopping = {.patience = 3}},
    {.engine = "reference",
     .optimizer = "sgd",
     .iterations = 10,
     .report_every = 3,
     .checkpoint_every = 4,
     .learning_rate = 0.1f},
};
#define CASES (sizeof cases / sizeof *cases)

int main(void)
{
    static char layered_name[] = "layered", fused_name[] = "fused", reference_name[] = "reference";
#if GRADUS_BLAS
    static char blas_name[] = "blas";
#endif
    const struct CMUnitTest rest[] = {
        scratch_test(test_damaged_is_passed_over),
        scratch_test(test_leftovers),
        scratch_test(test_keep),
        scratch_test(test_with_reports),
        scratch_test(test_foreign_is_refused),
        scratch_test(test_foreign_data_are_refused),
        scratch_test(test_folder_is_refused),
        scratch_test(test_contents_are_refused),
        scratch_test(test_other_machine_is_told),
        scratch_test(test_seconds),
        {"test_every_function: fused", test_every_function, create_quickly, remove_fully, fused_name},
        {"test_every_function: layered", test_every_function, create_quickly, remove_fully, layered_name},
        {"test_every_function: reference", test_every_function, create_quickly, remove_fully, reference_name},
#if GRADUS_BLAS
        {"test_every_function: blas", test_every_function, create_quickly, remove_fully, blas_name},
#endif
        {"test_divergence: fused", test_divergence, scratch_create, scratch_remove, fused_name},
        {"test_divergence: layered", test_divergence, scratch_create, scratch_remove, layered_name},
        {"test_divergence: reference", test_divergence, scratch_create, scratch_remove, reference_name},
    };
    struct CMUnitTest tests[2 * CASES + sizeof rest / sizeof *rest];
    char names[2 * CASES][64];
    for (size_t i = 0; i < 2 * CASES; i++) {
        const resume_case *c = &cases[i / 2];
        const bool whole = i % 2 == 0;
        snprintf(names[i], sizeof names[i], "%s: %s, %s, batch %zu%s", whole ? "test_same_bits" : "test_interrupted",
                 c->engine, c->optimizer, c->batch, c->dropout > 0 ? ", dropout" : "");
        tests[i] = (struct CMUnitTest){names[i], whole ? test_same_bits : test_interrupted, scratch_create,
                                       scratch_remove, (void *)(uintptr_t)c};
    }
    memcpy(tests + 2 * CASES, rest, sizeof rest);
    device = open_test_device();
    if (gradus_dataset_open("digits", NULL, &few, &digits) != GRADUS_OK ||
        gradus_dataset_truncate(few, 300) != GRADUS_OK) {
        fprintf(stderr, "%s\n", gradus_last_error());
        return 1;
    }
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    gradus_dataset_destroy(few);
    gradus_dataset_destroy(digits);
    gradus_device_close(device);
    return failed;
}
