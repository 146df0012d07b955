"""The error that every mistake of a caller ends in."""

__all__ = ["InputError"]


class InputError(ValueError):
    """An argument broke a rule: says which argument, the rule, the value and the remedy."""

    def __init__(self, argument: str, rule: str, value: object, remedy: str):
        self.argument, self.rule, self.value, self.remedy = argument, rule, value, remedy
        super().__init__(f"{argument} must {rule}; got {value}. {remedy}")

    def __reduce__(self):
        return type(self), (self.argument, self.rule, self.value, self.remedy)
