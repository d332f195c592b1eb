/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes a model as ONNX (https://onnx.ai): a graph of operators in a protobuf message,
 *     input -> [Div by 255] -> [Sub -> Div] -> [Flatten] -> Gemm -> Relu -> ... -> Gemm = logits -> Softmax = probabilities
 * The message consists of structs that point into the model. It is written while it is serialised, so nothing is
 * copied.
 */
#include "common/activations.h"
#include "core/memory.h"
#include "files/output.h"
#include "model/tensors.h"

#include <assert.h>
#include <onnx.pb-c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef GrOnnx__AttributeProto onnx_attribute;
typedef GrOnnx__GraphProto onnx_graph_message;
typedef GrOnnx__ModelProto onnx_model_message;
typedef GrOnnx__NodeProto onnx_node_message;
typedef GrOnnx__OperatorSetIdProto onnx_opset;
typedef GrOnnx__TensorProto onnx_tensor_message;
typedef GrOnnx__TensorShapeProto onnx_shape;
typedef GrOnnx__TensorShapeProto__Dimension onnx_dimension;
typedef GrOnnx__TypeProto onnx_type;
typedef GrOnnx__TypeProto__Tensor onnx_tensor_type;
typedef GrOnnx__ValueInfoProto onnx_value_message;

enum {
    IR_VERSION = 7, /* the version of the format that belongs to that of the operators */
    OPSET_VERSION = 13,
    RANK_MAX = 4,
    OPERATORS_MAX = 12, /* of an activation */
    CONSTANTS_MAX = 3 + OPERATORS_MAX,
    NODES_MAX = (1 + OPERATORS_MAX) * GRADUS_LAYERS_MAX + 4, /* Gemm and activation of each layer, 4 of the input */
    TENSORS_MAX = FILE_TENSORS_MAX + CONSTANTS_MAX,
    FLOAT = GR_ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT,
};

#define MESSAGE_MAX ((size_t)INT32_MAX) /* the limit of protobuf's readers */

typedef struct onnx_node {
    onnx_node_message message;
    char *inputs[3], *outputs[1];
    char output[48]; /* "a1"; also the node's own name */
    onnx_attribute *attributes[1];
} onnx_node;

/* An operator of the activation. */
typedef struct onnx_operator {
    char *type;
    char *operand; /* its second input: "z", the name of a constant, or NULL */
} onnx_operator;

/* The text in activations.h has at most this length. That limits it to OPERATORS_MAX operators: the shortest is "Erf
 * ". */
#define OPERATORS_LENGTH_MAX (4 * OPERATORS_MAX)
#define CHECK_LENGTH(NAME, formula, name, operators)                                                                  \
    static_assert(sizeof(operators) <= OPERATORS_LENGTH_MAX, "OPERATORS_MAX is too small");
ACTIVATIONS(CHECK_LENGTH)

typedef struct onnx_tensor {
    onnx_tensor_message message;
    file_tensor described; /* keeps the name */
    int64_t shape[2];
} onnx_tensor;

/* An input or output of the graph. */
typedef struct onnx_value {
    onnx_value_message message;
    onnx_type type;
    onnx_tensor_type tensor;
    onnx_shape shape;
    onnx_dimension dimensions[RANK_MAX], *dimension_list[RANK_MAX];
} onnx_value;

/* The message and everything that it points to. */
typedef struct onnx_file {
    onnx_model_message message;
    onnx_graph_message graph;
    onnx_opset opset, *opset_list[1];
    onnx_node nodes[NODES_MAX];
    onnx_node_message *node_list[NODES_MAX];
    onnx_tensor tensors[TENSORS_MAX];
    onnx_tensor_message *tensor_list[TENSORS_MAX];
    onnx_value values[3]; /* input, logits, probabilities */
    onnx_value_message *input_list[1], *output_list[2];
    onnx_attribute transposed; /* of each Gemm: W is (H x F), its input (N x F) */
    float constants[CONSTANTS_MAX];
    size_t constant_count;
    char operator_text[OPERATORS_LENGTH_MAX]; /* the operators point into it */
    onnx_operator operators[OPERATORS_MAX];
    size_t operator_count;
} onnx_file;

/* ---- Parts ---- */

/* Adds a tensor with the given name and shape. Returns the name by which nodes refer to it. */
static char *add_tensor(onnx_file *file, const file_tensor *described, const float *values, size_t length)
{
    const size_t t = file->graph.n_initializer++;
    onnx_tensor *tensor = &file->tensors[t];
    gr_onnx__tensor_proto__init(&tensor->message);
    tensor->described = *described;
    for (size_t i = 0; i < described->rank; i++)
        tensor->shape[i] = (int64_t)described->shape[i];
    tensor->message.name = tensor->described.name;
    tensor->message.n_dims = described->rank;
    tensor->message.dims = tensor->shape;
    tensor->message.has_data_type = 1;
    tensor->message.data_type = FLOAT;
    tensor->message.has_raw_data = 1;
    tensor->message.raw_data = (ProtobufCBinaryData){length * sizeof *values, (uint8_t *)(uintptr_t)values};
    file->tensor_list[t] = &tensor->message;
    return tensor->message.name;
}

/* Adds a node with up to three inputs, the unused ones NULL. Returns the name of its output, which is its own name
 * too. */
static char *add_node(onnx_file *file, char *operation, const char *output, char *const inputs[3])
{
    const size_t n = file->graph.n_node++;
    onnx_node *node = &file->nodes[n];
    gr_onnx__node_proto__init(&node->message);
    snprintf(node->output, sizeof node->output, "%s", output);
    for (size_t i = 0; i < 3 && inputs[i] != NULL; i++)
        node->inputs[node->message.n_input++] = inputs[i];
    node->outputs[0] = node->output;
    node->message.input = node->inputs;
    node->message.n_output = 1;
    node->message.output = node->outputs;
    node->message.name = node->output;
    node->message.op_type = operation;
    file->node_list[n] = &node->message;
    return node->output;
}

static void set_transposed(onnx_file *file)
{
    onnx_node *node = &file->nodes[file->graph.n_node - 1];
    node->attributes[0] = &file->transposed;
    node->message.n_attribute = 1;
    node->message.attribute = node->attributes;
}

/* Describes an input or output of floats (N x sizes). */
static void describe_value(onnx_value *value, char *name, const size_t *sizes, size_t count)
{
    gr_onnx__value_info_proto__init(&value->message);
    gr_onnx__type_proto__init(&value->type);
    gr_onnx__type_proto__tensor__init(&value->tensor);
    gr_onnx__tensor_shape_proto__init(&value->shape);
    for (size_t i = 0; i <= count; i++) {
        onnx_dimension *dimension = &value->dimensions[i];
        gr_onnx__tensor_shape_proto__dimension__init(dimension);
        if (i == 0) {
            dimension->value_case = GR_ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM;
            dimension->dim_param = "N";
        } else {
            dimension->value_case = GR_ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
            dimension->dim_value = (int64_t)sizes[i - 1];
        }
        value->dimension_list[i] = dimension;
    }
    value->shape.n_dim = count + 1;
    value->shape.dim = value->dimension_list;
    value->tensor.has_elem_type = 1;
    value->tensor.elem_type = FLOAT;
    value->tensor.shape = &value->shape;
    value->type.value_case = GR_ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
    value->type.tensor_type = &value->tensor;
    value->message.name = name;
    value->message.type = &value->type;
}

/* ---- The graph ---- */

/* Adds a scalar. Returns its name. */
static char *add_constant(onnx_file *file, const char *name, float value)
{
    file_tensor described = {.rank = 0};
    float *constant = &file->constants[file->constant_count++];
    *constant = value;
    snprintf(described.name, sizeof described.name, "%s", name);
    return add_tensor(file, &described, constant, 1);
}

/* Flattens images to N x F, divides bytes by 255 and standardises. Returns the name of the result. */
static char *add_input(onnx_file *file, const gradus_network *network)
{
    const bool is_image = network->image_height > 1;
    const size_t image[] = {1, network->image_height, network->image_width};
    char *input = "input";
    describe_value(&file->values[0], input, is_image ? image : network->sizes, is_image ? 3 : 1);
    file->values[0].message.doc_string = network->floats ? "features as they are" : "bytes as floats, 0 to 255";
    char *scaled = input;
    if (!network->floats)
        scaled = add_node(file, "Div", "scaled", (char *[3]){input, add_constant(file, "scale", 255)});
    if (network->input_deviation != 0) {
        scaled =
            add_node(file, "Sub", "centred", (char *[3]){scaled, add_constant(file, "mean", network->input_mean)});
        scaled = add_node(file, "Div", "standardised",
                          (char *[3]){scaled, add_constant(file, "deviation", network->input_deviation)});
    }
    return is_image ? add_node(file, "Flatten", "flat", (char *[3]){scaled}) : scaled;
}

/* ---- The activation: the same operators between all layers ---- */

/* The name of the constant with this text, which is added once. */
static char *constant_named(onnx_file *file, const char *text)
{
    for (size_t t = 0; t < file->graph.n_initializer; t++)
        if (strcmp(file->tensors[t].described.name, text) == 0)
            return file->tensors[t].described.name;
    return add_constant(file, text, strtof(text, NULL));
}

/* Reads the activation's operators from activations.h. */
static void read_operators(onnx_file *file, gradus_activation activation)
{
#define OPERATORS_OF(NAME, formula, name, operators) operators,
    static const char *const texts[] = {ACTIVATIONS(OPERATORS_OF)};
    char *rest = NULL;
    snprintf(file->operator_text, sizeof file->operator_text, "%s", texts[activation]);
    for (char *word = strtok_r(file->operator_text, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        if (*word >= 'A' && *word <= 'Z')
            file->operators[file->operator_count++].type = word;
        else
            file->operators[file->operator_count - 1].operand = *word == 'z' ? word : constant_named(file, word);
    }
}

/* Adds the activation of a layer. Layer 1's output is called "a1", the steps before it "a1.0", "a1.1", ... */
static char *add_activation(onnx_file *file, size_t l, char *z)
{
    char *a = z, name[48];
    for (size_t i = 0; i < file->operator_count; i++) {
        const onnx_operator *op = &file->operators[i];
        const bool is_last = i + 1 == file->operator_count, takes_z = op->operand != NULL && *op->operand == 'z';
        snprintf(name, sizeof name, is_last ? "a%zu" : "a%zu.%zu", l + 1, i);
        a = add_node(file, op->type, name, (char *[3]){a, takes_z ? z : op->operand});
    }
    return a;
}

/* ---- The layers ---- */

static void add_layers(onnx_file *file, const gradus_model *model)
{
    const gradus_network *network = &model->network;
    char *below = add_input(file, network), name[48];
    if (network->layers > 1)
        read_operators(file, network->activation);
    for (size_t l = 0; l < network->layers; l++) {
        char *operands[3] = {below, NULL, NULL};
        for (size_t i = 0; i < 2; i++) {
            const file_tensor tensor = gr_tensor_of(network, 2 * l + i);
            const float *values = gr_tensor_parameters(model, 2 * l + i);
            operands[1 + i] = add_tensor(file, &tensor, values, gr_tensor_length(&tensor));
        }
        const bool is_last = l + 1 == network->layers;
        snprintf(name, sizeof name, "z%zu", l + 1);
        char *z = add_node(file, "Gemm", is_last ? "logits" : name, operands);
        set_transposed(file);
        below = is_last ? add_node(file, "Softmax", "probabilities", (char *[3]){z}) : add_activation(file, l, z);
    }
}

static void describe_outputs(onnx_file *file, const gradus_network *network)
{
    static char *const names[] = {"logits", "probabilities"};
    for (size_t i = 0; i < 2; i++) {
        describe_value(&file->values[1 + i], names[i], &network->sizes[network->layers], 1);
        file->output_list[i] = &file->values[1 + i].message;
    }
    file->input_list[0] = &file->values[0].message;
    file->graph.n_input = 1;
    file->graph.input = file->input_list;
    file->graph.n_output = 2;
    file->graph.output = file->output_list;
}

static void describe_model(onnx_file *file, const gradus_model *model)
{
    gr_onnx__model_proto__init(&file->message);
    gr_onnx__graph_proto__init(&file->graph);
    gr_onnx__operator_set_id_proto__init(&file->opset);
    gr_onnx__attribute_proto__init(&file->transposed);
    file->transposed.name = "transB";
    file->transposed.has_type = file->transposed.has_i = 1;
    file->transposed.type = GR_ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT;
    file->transposed.i = 1;
    add_layers(file, model);
    describe_outputs(file, &model->network);
    file->graph.name = "perceptron";
    file->graph.node = file->node_list;
    file->graph.initializer = file->tensor_list;
    file->opset.domain = "";
    file->opset.has_version = file->message.has_ir_version = 1;
    file->opset.version = OPSET_VERSION;
    file->opset_list[0] = &file->opset;
    file->message.ir_version = IR_VERSION;
    file->message.n_opset_import = 1;
    file->message.opset_import = file->opset_list;
    file->message.producer_name = "gradus";
    file->message.producer_version = (char *)(uintptr_t)gradus_version();
    file->message.graph = &file->graph;
}

/* ---- Writing ---- */

/* protobuf-c appends serialised bytes here. It ignores failures, so the status is kept. */
typedef struct output_buffer {
    ProtobufCBuffer base;
    output_file *file;
    gradus_status status;
} output_buffer;

static void append(ProtobufCBuffer *base, size_t size, const uint8_t *bytes)
{
    output_buffer *buffer = (output_buffer *)base;
    if (buffer->status == GRADUS_OK)
        buffer->status = gr_output_write(buffer->file, bytes, size);
}

gradus_status gradus_model_export_onnx(const gradus_model *model, const char *path)
{
    gradus_status status = GRADUS_OK;
    onnx_file *file = NULL;
    output_file output = {0};
    output_buffer buffer = {.base = {.append = append}, .file = &output};

    TRY(gr_allocate(1, &file));
    describe_model(file, model);
    const size_t size = gr_onnx__model_proto__get_packed_size(&file->message);
    if (size > MESSAGE_MAX)
        FAIL(GRADUS_ERROR_ARGUMENT, "%s: %zu bytes, expected less than the 2 GiB that ONNX allows", path, size);
    TRY(gr_output_open(path, &output));
    gr_onnx__model_proto__pack_to_buffer(&file->message, &buffer.base);
    TRY(buffer.status);
    TRY(gr_output_commit(&output));
cleanup:
    gr_output_abandon(&output);
    free(file);
    return status;
}
