"""Parameters -> numbers or Dataset: closed forms and forward models, one file per physical idea."""
