"""From an LR plane to a super-resolved one, with any callable."""
