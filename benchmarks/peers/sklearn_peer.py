# SPDX-License-Identifier: Apache-2.0
"""scikit-learn trains with mini-batches; here one batch has all samples, so that a pass is one iteration."""
import numpy as np
from sklearn.neural_network import MLPClassifier

from work import CLASSES, LEARNING_RATE


class Mlp:
    def __init__(self, work):
        self.X = work.pixels.astype(np.float32) / 255  # (B x F)
        self.labels = work.labels
        self.model = MLPClassifier([work.hidden], solver="sgd", batch_size=work.samples, shuffle=False, alpha=0,
                                   learning_rate_init=LEARNING_RATE, momentum=0, nesterovs_momentum=False)
        self.model.partial_fit(self.X, self.labels, classes=np.arange(CLASSES))  # makes the parameters
        W1, b1, W2, b2 = work.parameters(np.float32)
        for ours, theirs in zip((W1.T, W2.T, b1, b2), self.model.coefs_ + self.model.intercepts_):
            theirs[...] = ours  # in place, since the optimizer keeps these arrays

    def step(self):
        self.model.partial_fit(self.X, self.labels)

    def loss(self):
        probabilities = self.model.predict_proba(self.X)[np.arange(len(self.labels)), self.labels]
        return float(-np.mean(np.log(probabilities)))


PEERS = {"sklearn": Mlp}
