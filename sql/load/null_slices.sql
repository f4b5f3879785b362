-- Which columns of the slices have NULL, as 1: a comparison that allows for it is no join by equality, which is slower.
SELECT {maxima}
FROM {slices}
