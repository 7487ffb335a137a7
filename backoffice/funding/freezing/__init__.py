"""What holds money back: freezes by people and by a restore, halts by themselves, and how both are let go."""
