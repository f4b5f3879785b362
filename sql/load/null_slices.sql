-- 1 for each column in which a slice has NULL: comparisons that allow for NULL are slower than joins by equality.
SELECT {maxima}
FROM {slices}
