"""What all tests share: kernels may compile inside a test, which is no reason to call it slow."""

from hypothesis import HealthCheck, settings

settings.register_profile("edgekeeper", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("edgekeeper")
