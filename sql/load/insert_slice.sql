INSERT INTO {slices} ({columns})
VALUES ({values})
