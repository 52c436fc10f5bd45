"""Data in: from a file to rows that can be trusted, and back from each row to its bytes.

A file arrives  uploads, receive, formats/ (what is it, which tables are in it), sniff, header, names_line,
                infer, date_forms, new_datasets
It is demanded  rules, columns, expressions, references; tried in trials/, kept and changed in versions/
It is loaded    ingest (the job) over cut_blocks, split, parse, convert, check, prepare, load, publish
What checks     conditions, compile_rule, exactness, unique, known_keys; as_written and decimal_comma say how a file
                writes its numbers and dates; stage holds the typed tables
What went wrong rejects/ (found, mended, checked again), evidence, originals, summaries
It grows        streams/ (messages instead of files)
It goes out     export, exports/, filters, compile_sql; queries reads for everybody else
Nobody needs it decisions (undo, release), settled, sweep
"""
