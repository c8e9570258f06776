"""What the notebook needs beside the commands: forms, pictures to choose from, its session (extra `notebook`)."""
