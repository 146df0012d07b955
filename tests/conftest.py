import torch

# The tensors of the tests are too small to be worth a second thread.
torch.set_num_threads(1)
