"""What makes up a page of a PDF: its words, columns, tables, headings, notes and hidden text, and its picture."""
