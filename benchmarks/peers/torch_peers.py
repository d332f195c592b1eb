# SPDX-License-Identifier: Apache-2.0
"""PyTorch as its users write it: Sequential, CrossEntropyLoss, SGD. CPU: plain, compiled, sparse; and CUDA."""
import os
import warnings

import torch
from torch import nn

from work import LEARNING_RATE, Unavailable, require_zeros

warnings.filterwarnings("ignore", "Sparse CSR tensor support is in beta")

# ---- CPU ----


class Plain:
    device = "cpu"

    def __init__(self, work):
        torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
        self.initial = work.parameters("float32")
        self.take_pixels(torch.tensor(work.pixels).to(self.device, torch.float32) / 255)  # (B x F)
        self.labels = torch.tensor(work.labels).to(self.device, torch.int64)
        self.model = self.make_model(work.features, work.hidden, len(work.weights["fc2.bias"])).to(self.device)
        self.set_parameters()
        self.criterion = nn.CrossEntropyLoss()
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=LEARNING_RATE)

    def take_pixels(self, X):
        self.X = X

    def make_model(self, features, hidden, classes):
        return nn.Sequential(nn.Linear(features, hidden), nn.ReLU(), nn.Linear(hidden, classes))

    def set_parameters(self):
        """Puts the parameters (back) to their initial values."""
        with torch.no_grad():
            for parameter, values in zip(self.model.parameters(), self.initial):
                parameter.copy_(torch.from_numpy(values))

    def forward(self):
        return self.criterion(self.model(self.X), self.labels)

    def step(self):
        self.optimizer.zero_grad()
        self.forward().backward()
        self.optimizer.step()

    def loss(self):
        with torch.no_grad():
            return self.forward().item()


class Compiled(Plain):
    """Model and loss through torch.compile, which builds C++ for them and their gradients at the first step."""

    def __init__(self, work):
        super().__init__(work)
        self.compiled_forward = torch.compile(self.forward)

    def step(self):
        self.optimizer.zero_grad()
        self.compiled_forward().backward()
        self.optimizer.step()


class SparseProduct(torch.autograd.Function):
    """X W^T for a constant sparse X (B x F), whose transpose is given for the gradient."""

    @staticmethod
    def forward(context, W, X, X_transposed):
        context.X_transposed = X_transposed
        return X @ W.t()

    @staticmethod
    def backward(context, dZ):
        return (context.X_transposed @ dZ).t(), None, None


class SparseLinear(nn.Linear):
    def forward(self, X):
        return SparseProduct.apply(self.weight, *X) + self.bias


class Sparse(Plain):
    """X and X^T as CSR."""

    def __init__(self, work):
        require_zeros(work.pixels)
        super().__init__(work)

    def take_pixels(self, X):
        self.X = X.to_sparse_csr(), X.t().contiguous().to_sparse_csr()

    def make_model(self, features, hidden, classes):
        return nn.Sequential(SparseLinear(features, hidden), nn.ReLU(), nn.Linear(hidden, classes))


# ---- CUDA ----


class Cuda(Plain):
    """Data and parameters stay on the GPU; full float32."""

    device = "cuda"
    tf32 = False

    def __init__(self, work):
        require_cuda()
        torch.set_float32_matmul_precision("high" if self.tf32 else "highest")
        super().__init__(work)

    def finish(self):
        torch.cuda.synchronize()


class CudaTf32(Cuda):
    """Products of numbers that are rounded to a mantissa of ten bits."""

    tf32 = True
    tolerance = 1e-3


class CudaGraph(Cuda):
    """One iteration is recorded as a CUDA graph, then replayed: one launch per iteration."""

    def __init__(self, work):
        super().__init__(work)
        self.warm_up()
        self.optimizer.zero_grad(set_to_none=True)
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            self.forward().backward()
            self.optimizer.step()
        self.set_parameters()

    def warm_up(self):
        """Recording needs a stream on which the libraries are initialised."""
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(3):
                super().step()
        torch.cuda.current_stream().wait_stream(stream)

    def step(self):
        self.graph.replay()


class CudaGraphTf32(CudaGraph):
    tf32 = True
    tolerance = CudaTf32.tolerance


def require_cuda():
    if not torch.cuda.is_available():
        raise Unavailable("PyTorch finds no CUDA GPU")


PEERS = {"torch": Plain, "torch-compile": Compiled, "torch-sparse": Sparse, "torch-cuda": Cuda,
         "torch-cuda-tf32": CudaTf32, "torch-cuda-graph": CudaGraph, "torch-cuda-graph-tf32": CudaGraphTf32}
