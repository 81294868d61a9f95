"""How long Kustodian takes beside the programs that it stands for."""
