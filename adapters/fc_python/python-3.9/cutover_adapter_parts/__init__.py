"""What runs an AWS Lambda handler on Function Compute. Python 3.9 and later, standard library only."""
