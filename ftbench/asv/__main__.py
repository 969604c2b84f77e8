"""`python -m ftbench.asv` is `asv`, and starts on a system without semaphores too."""

from asv.main import main

if __name__ == "__main__":
    main()
