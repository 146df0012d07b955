"""One step function per objective, one loop for all."""
