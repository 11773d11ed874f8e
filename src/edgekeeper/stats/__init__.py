"""The honest statistics: sequential evidence, performance, scores, calibration, conformal."""
