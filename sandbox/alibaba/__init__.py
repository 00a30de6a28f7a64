"""The Alibaba half of the sandbox: FC 3.0, OSS, SLS and STS on one loopback port."""
