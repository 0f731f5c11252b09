"""One file a thing Corent does; each joins the packages below it and knows no vendor."""
