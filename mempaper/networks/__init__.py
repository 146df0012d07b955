"""Network architectures: nn.Modules and nothing else."""
