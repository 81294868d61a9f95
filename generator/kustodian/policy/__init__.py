"""What is right and wrong: configuration, rules, schemas, waivers."""
